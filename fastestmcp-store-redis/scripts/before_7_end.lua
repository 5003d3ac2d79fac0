end

local done, answer = pcall(script)
if done or type(answer) == 'table' then return answer end
error(answer, 0)
