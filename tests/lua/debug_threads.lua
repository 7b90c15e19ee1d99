-- debug functions that look into other coroutines, and setlocal
local function body(a)
  local x = a * 2
  local y = coroutine.yield(x)
  return x, y
end
local co = coroutine.create(body)
print(coroutine.resume(co, 21))
local info = debug.getinfo(co, 1, "Sl")
print(info.currentline, info.what, info.linedefined, debug.getinfo(co, 1, "f").func == body)
print(debug.getinfo(co, 0, "S").what, debug.getinfo(co, 5))
print(debug.getlocal(co, 1, 1))
print(debug.getlocal(co, 1, 2))
print(debug.setlocal(co, 1, 2, "new"), debug.setlocal(co, 1, 9, 0))
print(pcall(debug.getlocal, co, 7, 1))
print(pcall(debug.setlocal, co, 7, 1, 2))
print(coroutine.resume(co, "answer"))
print(debug.getinfo(co, 0), debug.getinfo(co, print, "S").what)

local function change()
  local before = 1
  local name = debug.setlocal(1, 1, "after")
  return name, before
end
print(change())

-- there are no hooks, but taking them away works
print(debug.gethook())
print(debug.sethook(), debug.sethook(co))

-- neither are there dynamic libraries
print((package.loadlib("./none.so", "*")))
print(pcall(package.loadlib))
