-- wrk's request from files that the bench wrote, and its figures as one line of JSON.
local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

function init(args)
  wrk.method = "POST"
  wrk.body = read(args[1])
  for line in io.lines(args[2]) do
    local name, value = line:match("^([^:]+): (.*)$")
    wrk.headers[name] = value
  end
  request_bytes = wrk.format(nil, nil)
  local from, to = string.find(request_bytes, "1000000000", 1, true)
  if from ~= nil then
    before_count = string.sub(request_bytes, 1, from - 1)
    after_count = string.sub(request_bytes, to + 1)
    count = 1000000000
  end
end

-- A body with the seed of bodies.js gets another one each time.
function request()
  if count == nil then return request_bytes end
  count = count + 1
  return before_count .. string.format("%d", count) .. after_count
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"requests":%d,"durationUs":%d,"p50Us":%d,"p99Us":%d,"failed":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
