-- Encodes and decodes JSON documents by recursive descent over string patterns and bytes.
-- quick: 2

local n = tonumber(arg and arg[1]) or 220

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\t"] = "\\t", ["\r"] = "\\r" }
local unescapes = { ['"'] = '"', ["\\"] = "\\", ["/"] = "/", n = "\n", t = "\t", r = "\r" }

local function encode(value, out)
  local kind = type(value)
  if kind == "table" then
    if #value > 0 or next(value) == nil then
      out[#out + 1] = "["
      for i, item in ipairs(value) do
        if i > 1 then out[#out + 1] = "," end
        encode(item, out)
      end
      out[#out + 1] = "]"
    else
      local keys = {}
      for key in pairs(value) do keys[#keys + 1] = key end
      table.sort(keys)
      out[#out + 1] = "{"
      for i, key in ipairs(keys) do
        if i > 1 then out[#out + 1] = "," end
        out[#out + 1] = '"' .. key:gsub('[%c"\\]', escapes) .. '":'
        encode(value[key], out)
      end
      out[#out + 1] = "}"
    end
  elseif kind == "string" then
    out[#out + 1] = '"' .. value:gsub('[%c"\\]', escapes) .. '"'
  else
    out[#out + 1] = tostring(value)
  end
end

local decode_value

local function fail(text, at, what)
  error(("%s at byte %d, before `%s`"):format(what, at, text:sub(at, at + 8)), 0)
end

local function skip(text, at) return text:find("%S", at) or #text + 1 end

local function decode_string(text, at)
  local parts, from = {}, at + 1
  while true do
    local stop = text:find('["\\]', from)
    if not stop then fail(text, at, "unfinished string") end
    parts[#parts + 1] = text:sub(from, stop - 1)
    if text:byte(stop) == 34 then return table.concat(parts), stop + 1 end
    local char = unescapes[text:sub(stop + 1, stop + 1)]
    if not char then fail(text, stop, "bad escape") end
    parts[#parts + 1] = char
    from = stop + 2
  end
end

local function decode_array(text, at)
  local list = {}
  at = skip(text, at + 1)
  if text:sub(at, at) == "]" then return list, at + 1 end
  while true do
    list[#list + 1], at = decode_value(text, at)
    at = skip(text, at)
    local char = text:sub(at, at)
    if char == "]" then return list, at + 1 end
    if char ~= "," then fail(text, at, "expected , or ]") end
    at = skip(text, at + 1)
  end
end

local function decode_object(text, at)
  local object = {}
  at = skip(text, at + 1)
  if text:sub(at, at) == "}" then return object, at + 1 end
  while true do
    local key
    key, at = decode_string(text, at)
    at = skip(text, at)
    if text:sub(at, at) ~= ":" then fail(text, at, "expected :") end
    object[key], at = decode_value(text, skip(text, at + 1))
    at = skip(text, at)
    local char = text:sub(at, at)
    if char == "}" then return object, at + 1 end
    if char ~= "," then fail(text, at, "expected , or }") end
    at = skip(text, at + 1)
  end
end

local words = { ["true"] = true, ["false"] = false }

function decode_value(text, at)
  local char = text:sub(at, at)
  if char == "{" then return decode_object(text, at) end
  if char == "[" then return decode_array(text, at) end
  if char == '"' then return decode_string(text, at) end
  local number = text:match("^-?%d+%.?%d*[eE]?[+-]?%d*", at)
  if number then return tonumber(number), at + #number end
  local word = text:match("^%a+", at)
  if words[word] ~= nil then return words[word], at + #word end
  fail(text, at, "unexpected input")
end

local function document(count)
  local list = {}
  for i = 1, count do
    list[i] = {
      id = i, name = "name \"" .. i .. "\"\n", price = i * 1.25, negative = -i, on = i % 2 == 0,
      tags = { "a" .. i % 3, "tab\there", "back\\slash" }, nested = { deep = { deeper = { i, i + 1, {} } } },
    }
  end
  return { items = list, version = "1.0", count = count }
end

local sum, size = 0, 0
for round = 1, n do
  local out = {}
  encode(document(60), out)
  local text = table.concat(out)
  local back = decode_value(text:gsub("([:,%[])", "%1 "), 1)
  local again = {}
  encode(back, again)
  local spaced = table.concat(again)
  assert(#spaced >= #text)
  size = #text
  sum = sum + back.count + back.items[round % 60 + 1].price
end
print(size, sum)
for _, bad in ipairs { '{"a" 1}', "[1, 2", '"\\q"', "[nope]" } do
  print(pcall(decode_value, bad, 1))
end
