-- One request, again and again: -- BODY [KEY]
require "benchmarks/wrk/report"

function init(args)
    wrk.method = "POST"
    wrk.body = args[1]
    wrk.headers["Content-Type"] = "application/json"
    if args[2] then
        wrk.headers["Authorization"] = "Bearer " .. args[2]
    end
end
