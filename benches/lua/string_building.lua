-- Builds strings piece by piece: concatenation, formatting, buffers, reversing, repeating.
-- quick: 50

local n = tonumber(arg and arg[1]) or 13000

local function hash(text)
  local h = 5381
  for i = 1, #text do h = (h * 33 + text:byte(i)) % 4294967296 end
  return h
end

local function by_concatenation(count)
  local text = ""
  for i = 1, count do text = text .. i .. "," end
  return text
end

local function by_buffer(count)
  local parts = {}
  for i = 1, count do
    parts[#parts + 1] = "item "
    parts[#parts + 1] = i
    parts[#parts + 1] = ";"
  end
  return table.concat(parts)
end

local function by_format(count)
  local lines = {}
  for i = 1, count do
    lines[i] = string.format("%05d|%-8s|%8.3f|%x", i, "row" .. i % 100, i / 7, i * 255)
  end
  return table.concat(lines, "\n")
end

local function by_cascade(count)
  -- Pieces are merged while the one below is not longer, so that each byte is copied a logarithmic number of times.
  local stack = {}
  for i = 1, count do
    stack[#stack + 1] = string.char(97 + i % 26) .. i
    for k = #stack - 1, 1, -1 do
      if #stack[k] > #stack[k + 1] then break end
      stack[k] = stack[k] .. table.remove(stack)
    end
  end
  return table.concat(stack)
end

local function by_cutting(text, rounds)
  local sum = 0
  for i = 1, rounds do
    local first = i * 7 % #text + 1
    local piece = text:sub(first, first + 20)
    sum = (sum + #(piece:upper() .. piece:reverse()) * piece:byte(1)) % 1000003
  end
  return sum
end

local text = by_concatenation(n)
print("concatenation", #text, hash(text))
text = by_buffer(n * 15)
print("buffer", #text, hash(text))
local formatted = by_format(n * 6)
print("format", #formatted, hash(formatted))
text = by_cascade(n * 10)
print("cascade", #text, hash(text))
print("cutting", by_cutting(formatted, n * 40))
text = ("ab"):rep(n) .. ("-"):rep(n)
print("rep", #text, hash(text), hash(text:reverse()))
