-- Pattern matching: find, match, gmatch and gsub with captures, classes, anchors, balances and frontiers.
-- quick: 3

local n = tonumber(arg and arg[1]) or 280

local seed = 5
local function random(limit)
  seed = (seed * 16807) % 2147483647
  return seed % limit + 1
end

local names = { "alpha", "beta", "gamma", "delta", "epsilon", "zeta" }
local lines = {}
for i = 1, 200 do
  lines[i] = ("%s.%s = (%d + (%d * %d)) -- %s <%s@%s.org> 2%03d-%02d-%02d"):format(
    names[random(6)], names[random(6)], random(1000), random(100), random(10), ("word "):rep(random(5)),
    names[random(6)], names[random(6)], random(999), random(12), random(28)
  )
end
local text = table.concat(lines, "\n") .. "\n"

local function dates()
  local sum = 0
  for year, month, day in text:gmatch("(%d%d%d%d)%-(%d%d)%-(%d%d)") do
    sum = sum + year * 372 + month * 31 + day
  end
  return sum
end

local function addresses()
  local count, length = 0, 0
  for user, host in text:gmatch("<(%w+)@([%w.]+)>") do
    count = count + 1
    length = length + #user * #host
  end
  return count, length
end

local function assignments()
  local sum = 0
  for line in text:gmatch("[^\n]+") do
    local object, field, rest = line:match("^(%a+)%.(%a+)%s*=%s*(.*)$")
    local expression = rest:match("%b()")
    sum = sum + #object + #field * 3 + #expression
    local comment = line:find("--", 1, true)
    sum = sum + comment
  end
  return sum
end

local function swapped()
  local result, count = text:gsub("(%a+)%.(%a+)", "%2.%1")
  return #result, count, (result:gsub("%s+", " ")):sub(1, 40)
end

local function doubled()
  return (text:gsub("%d+", function(digits) return digits * 2 end)):len()
end

local function looked_up()
  local greek = { alpha = "A", beta = "B", gamma = "C", delta = false }
  local result, count = text:gsub("%a+", greek)
  return #result, count
end

local function trimmed()
  local sum = 0
  for line in text:gmatch("([^\n]*)\n") do
    local padded = "  \t" .. line .. "   "
    sum = sum + #padded:match("^%s*(.-)%s*$") + select(2, padded:gsub("%f[%w]%w+", "x"))
  end
  return sum
end

local checks = {
  { "dates", dates }, { "addresses", addresses }, { "assignments", assignments }, { "swapped", swapped },
  { "doubled", doubled }, { "looked up", looked_up }, { "trimmed", trimmed },
}
for round = 1, n do
  for _, check in ipairs(checks) do
    local a, b, c = check[2]()
    if round == n then print(check[1], a, b, c) end
  end
end
