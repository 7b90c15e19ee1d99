-- Raises and catches errors: pcall, xpcall, error objects, rethrowing, errors from deep calls and from operators.
-- quick: 100

local n = tonumber(arg and arg[1]) or 450000

local Failure = {}
Failure.__index = Failure
Failure.__tostring = function(self) return "failure " .. self.code end

local function risky(i)
  if i % 3 == 0 then error(setmetatable({ code = i % 10 }, Failure)) end
  if i % 5 == 0 then error("plain " .. i % 7, 0) end
  return i
end

local function deep(depth, i)
  if depth == 0 then return risky(i) end
  return 1 + deep(depth - 1, i)
end

local counts, sum = { ok = 0, object = 0, text = 0 }, 0
for i = 1, n do
  local ok, value = pcall(risky, i)
  if ok then
    counts.ok = counts.ok + 1
    sum = sum + value
  elseif type(value) == "table" then
    counts.object = counts.object + 1
    sum = sum + value.code
  else
    counts.text = counts.text + 1
    sum = sum + #value
  end
end
print("pcall", counts.ok, counts.object, counts.text, sum)

local caught = 0
for i = 1, n / 2 do
  local ok, value = pcall(deep, 20, i)
  if not ok then caught = caught + 1 end
end
print("deep", caught)

local function try(body, handler, finally)
  local ok, value = pcall(body)
  if not ok then value = handler(value) end
  finally()
  return value
end

local closed, handled = 0, 0
for i = 1, n do
  handled = handled + try(function()
    return try(function() return risky(i) end, function(problem)
      if getmetatable(problem) == Failure then error(problem, 0) end
      return 1
    end, function() closed = closed + 1 end)
  end, function(problem) return problem.code end, function() closed = closed + 1 end)
end
print("nested", closed, handled)

local messages = {}
local function handler(message)
  local text = tostring(message):gsub("^.-:%d+: ", "")
  messages[text] = (messages[text] or 0) + 1
  return text
end
local nothing, text = nil, "x"
local mistakes = {
  function() return nothing.field end,
  function() return text + 1 end,
  function() return #nothing end,
  function() return nothing() end,
  function() return {} < {} end,
  function() return nothing .. "x" end,
}
for i = 1, n / 2 do xpcall(mistakes[i % 6 + 1], handler) end
local list = {}
for message, count in pairs(messages) do list[#list + 1] = message .. ": " .. count end
table.sort(list)
print(table.concat(list, "\n"))
