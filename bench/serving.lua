-- Bodies of a file, one a line, in turn; told as JSON at the end. For bench/serving.py.
local requests, at = {}, 0

function init(arguments)
  local file, headers = arguments[1], { ["Content-Type"] = "application/json" }
  if arguments[3] then headers["Authorization"] = "Bearer " .. arguments[3] end
  for body in io.lines(file) do
    requests[#requests + 1] = wrk.format("POST", nil, headers, body)
  end
  at = tonumber(arguments[2]) % #requests
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    'JSON {"requests": %d, "seconds": %.6f, "p50": %.4f, "p99": %.4f, "errors": %d}\n',
    summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
