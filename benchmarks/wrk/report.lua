-- What a run of wrk found, as a line of JSON. A script may count in the globals of its thread.
local threads = {}

function setup(thread)
    table.insert(threads, thread)
end

function done(summary, latency)
    local finished, empty = 0, 0
    for _, thread in ipairs(threads) do
        finished = finished + (thread:get("finished") or 0)
        empty = empty + (thread:get("empty") or 0)
    end
    local errors = summary.errors
    io.write(string.format(
        '\n{"answers":%d,"finished":%d,"empty":%d,"seconds":%f,"refused":%d,"lost":%d,"p95_ms":%f}\n',
        summary.requests, finished, empty, summary.duration / 1e6, errors.status,
        errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(95) / 1e3
    ))
end
