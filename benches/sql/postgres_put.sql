INSERT INTO public.raw (scope, key, version, value) VALUES ($1, $2, $3, $4)
ON CONFLICT (scope, key) DO UPDATE SET version = excluded.version, value = excluded.value
