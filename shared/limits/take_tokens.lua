-- A chunk from each bucket, or nothing from any when one is empty: see LocalBuckets, which counts the same.
-- KEYS: buckets. ARGV: seconds since the request (0 or less), then of each bucket: tokens a second, capacity,
-- tokens wanted. The clock is the one here, since the callers' clocks differ.
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000 + ARGV[1]
local buckets, give = {}, true
for i, key in ipairs(KEYS) do
    local per_second, capacity = tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
    local known = redis.call('HMGET', key, 'tokens', 'at')
    local tokens, at = tonumber(known[1]), tonumber(known[2])
    if tokens then
        tokens = math.min(capacity, tokens + math.max(0, now - at) * per_second)
        at = math.max(now, at)
    else
        tokens, at = capacity, now
    end
    buckets[i] = {tokens, at, per_second, capacity}
    give = give and tokens >= 1
end
local answer = {}
for i, key in ipairs(KEYS) do
    local tokens, at, per_second, capacity = unpack(buckets[i])
    local granted = give and math.min(tonumber(ARGV[3 * i + 1]), math.floor(tokens)) or 0
    redis.call('HSET', key, 'tokens', string.format('%.6f', tokens - granted), 'at', string.format('%.6f', at))
    redis.call('EXPIRE', key, per_second > 0 and math.ceil(capacity / per_second) + 1 or 60)
    answer[2 * i - 1], answer[2 * i] = granted, string.format('%.6f', tokens - granted)
end
return answer
