-- setfenv(0, ...) changes the global variables of the running coroutine alone, and of those that it makes

local own = { tostring = tostring }
local globals = _G
local co = coroutine.wrap(function()
  setfenv(0, own)
  print(getfenv(0) == own, getfenv(1) == globals, getfenv(loadstring("")) == own)
  loadstring("made = 1")()
  coroutine.wrap(function()
    print(getfenv(0) == own, debug.getfenv(coroutine.running()) == own)
  end)()
  coroutine.yield()
  print(getfenv(0) == own)
end)
co()
print(getfenv(0) == globals, made, own.made, getfenv(loadstring("")) == globals)
coroutine.wrap(function()
  print(getfenv(0) == globals)
end)()
co()

local other = coroutine.create(function()
  x = 5
  loadstring("y = 6")()
end)
debug.setfenv(other, own)
print(debug.getfenv(other) == own)
coroutine.resume(other)
print(x, y, own.x, own.y)
