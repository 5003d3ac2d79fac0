SET client_connection_check_interval = '{check}ms'
