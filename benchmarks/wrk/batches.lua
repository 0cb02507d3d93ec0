-- Makes a batch of jobs, then completes the batch before it and takes this one, in turn:
-- -- BODY_OF_THE_BULK SIZE WORKERS KEY
-- Each worker has a queue of its own, whose name stands in the body as QUEUE. An answer says whose it is by the
-- id of its request.
require "benchmarks/wrk/report"

local ID = #"job_" + 13
local LEASE = #"lease_" + 13
local idle, size = {}, 0
finished, empty = 0, 0

function init(args)
    size = tonumber(args[2])
    for number = 1, tonumber(args[3]) do
        local queue = "bench" .. number
        local headers = {
            ["Host"] = wrk.headers["Host"], ["Content-Type"] = "application/json",
            ["Authorization"] = "Bearer " .. args[4], ["X-Request-Id"] = tostring(number),
        }
        local take = '"queue_name":"' .. queue .. '","limit":' .. size .. "}"
        idle[number] = {
            headers = headers,
            make = wrk.format("POST", "/api/v1/jobs/bulk", headers, (args[1]:gsub("QUEUE", queue))),
            claim = wrk.format("POST", "/api/v1/jobs/claim", headers, '{"worker_id":"' .. queue .. '",' .. take),
            begin = '{"worker_id":"' .. queue .. '","claim_next":{' .. take .. ',"jobs":[',
            has_made = false,
        }
    end
end

local busy, is_checked = {}, false

function request()
    if not is_checked then -- wrk looks at a request before the first one that it sends
        is_checked = true
        return idle[1].make
    end
    local worker = table.remove(idle)
    busy[worker.headers["X-Request-Id"]] = worker
    worker.has_made = not worker.has_made
    if worker.has_made then
        return worker.make
    elseif not worker.held then
        return worker.claim
    end
    return wrk.format("POST", "/api/v1/jobs/complete", worker.headers, worker.begin .. worker.held .. "]}")
end

-- The jobs of an answer, as the next request names them. Ids are all of one length: no need to look for their end.
local function held(body, from)
    local jobs = {}
    local _, id = body:find('"id":"job_', from, true)
    while id do
        local _, lease = body:find('"lease_id":"lease_', id, true)
        jobs[#jobs + 1] = '{"id":"' .. body:sub(id - 3, id - 4 + ID) .. '","lease_id":"'
            .. body:sub(lease - 5, lease - 6 + LEASE) .. '"}'
        _, id = body:find('"id":"job_', lease, true)
    end
    return jobs
end

function response(status, headers, body)
    local name = headers["x-request-id"]
    local worker = busy[name]
    table.insert(idle, worker)
    if worker.has_made then
        return
    end
    local from = body:find('"next":', 1, true)
    if from then
        if body:sub(1, from):find('"success":false', 1, true) then
            empty = empty + 1
        end
        finished = finished + size
    end
    local jobs = held(body, from or 1)
    if #jobs == size then
        worker.held = table.concat(jobs, ",")
    else
        worker.held = nil
        empty = empty + 1
    end
end
