-- Takes a job and completes it, in turn: -- BODY_OF_THE_DEQUEUE KEY
require "benchmarks/wrk/report"

local held = {}
local dequeue
finished, empty = 0, 0

function init(args)
    wrk.headers["Content-Type"] = "application/json"
    wrk.headers["Authorization"] = "Bearer " .. args[2]
    dequeue = wrk.format("POST", "/api/v1/jobs/dequeue", nil, args[1])
end

function request()
    local job = table.remove(held)
    if not job then
        return dequeue
    end
    local path = "/api/v1/jobs/" .. job.id .. "/complete"
    return wrk.format("POST", path, nil, '{"worker_id":"bench","lease_id":"' .. job.lease .. '"}')
end

function response(status, _, body)
    if body:find('"success":true', 1, true) then
        finished = finished + 1
    else
        local id, lease = body:match('"id":"([^"]+)"'), body:match('"lease_id":"([^"]+)"')
        if id and lease then
            table.insert(held, {id = id, lease = lease})
        else
            empty = empty + 1
        end
    end
end
