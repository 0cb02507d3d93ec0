-- How many streams all processes have open for one organization; a process that says nothing has none.
-- KEYS: the organization's. ARGV: the process, how many it has, how many there may be (0: any number), and
-- how many seconds that holds. Answers the number, with those that were just asked for; beyond the limit
-- nothing is noted.
local clock = redis.call('TIME')
local now = tonumber(clock[1])
local total = tonumber(ARGV[2])
local noted = redis.call('HGETALL', KEYS[1])
for i = 1, #noted, 2 do
    local count, until_ = string.match(noted[i + 1], '^(%d+) (%d+)$')
    if tonumber(until_) <= now then
        redis.call('HDEL', KEYS[1], noted[i])
    elseif noted[i] ~= ARGV[1] then
        total = total + count
    end
end
local most = tonumber(ARGV[3])
if most > 0 and total > most then
    return total
end
if ARGV[2] == '0' then
    redis.call('HDEL', KEYS[1], ARGV[1])
else
    redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. (now + ARGV[4]))
    redis.call('EXPIRE', KEYS[1], ARGV[4])
end
return total
