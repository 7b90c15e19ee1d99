-- The eight types, type(), truth, and equality between types.
local co = coroutine.create(function() end)
for _, v in ipairs { 1, "s", true, print, {}, co, function() end, io.stdout } do
  io.write(type(v), " ")
end
print(type(nil), type(type))
print(pcall(function() return (type()) end))
local function truth(v) return v and "true" or "false" end
print(truth(nil), truth(false), truth(0), truth(""), truth({}), truth(true), truth("false"), truth(0 / 0))
print(1 == 1.0, "1" == 1, 0 == -0, "a" == "a", nil == false, {} == {}, print == print)
local t = {}
local u = t
print(t == u, t ~= {}, rawequal(t, u), rawequal("x", "x"), rawequal(1, "1"))
local nan = 0 / 0
print(nan == nan, nan ~= nan, nan < nan, nan > 1, nan <= 1)
t[1], t[1.0], t["1"] = "a", "b", "c"
print(t[1], t["1"], t[2 - 1])
t[2 ^ 53] = "big"
print(t[9007199254740992])
print(pcall(function() t[nil] = 1 end))
print(pcall(function() t[nan] = 1 end))
print(t[nil], t[nan])
print(pcall(rawset, t, nil, 1))
t[-0] = "zero"
print(t[0], t[-0])
