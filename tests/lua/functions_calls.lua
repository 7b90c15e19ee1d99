-- Calls: argument adjustment, parentheses, string and table arguments, methods, results in the middle.
local function three() return 1, 2, 3 end
local function none() end
local function count(...) return select("#", ...) end
print(three()) print((three())) print(three(), three()) print(({ three() })[3])
print(count(none()), count((none())), count(none(), none()), count(three(), none()), count(none(), three()))
print(count(nil), count(nil, nil), count())
print(#{ three(), three() }, #{ three(), (three()) }, #{ (three()) })
local function show(a, b, ...) return a, b, count(...) end
print(show()) print(show(1)) print(show(1, 2, 3, 4)) print(show(three()))
print"string call" print[[long]] print(type{})
local s = ("x"):rep(3):upper()
print(s, ("%d"):format(7), ("abc"):len())
local object = { value = 5 }
function object:get(extra) return self.value, extra end
function object.static(self) return self end
print(object:get(1))
print(object.get({ value = 6 }))
print(object.static(7), object:static() == object)
object.inner = { deep = {} }
function object.inner.deep.call(x) return x * 2 end
function object.inner.deep:method(x) return self == object.inner.deep, x end
print(object.inner.deep.call(21), object.inner.deep:method(1))
local function outer() return three() end
print(outer()) print((outer()))
print((function(...) return ... end)(1, nil, 3))
print(pcall(function() local u; u() end))
print(pcall(function() local u = {}; u.f() end))
print(pcall(function() local u = {}; u:m() end))
print(pcall(function() ("x")() end))
print(pcall(function() undefined_function() end))
local evaluated = {}
local function e(x) evaluated[#evaluated + 1] = x return x end
local _ = { e(1), e(2), k = e(3), [e(4)] = e(5), e(6) }
print(table.concat(evaluated, " "))
local function many() local t = {} for i = 1, 200 do t[i] = i end return unpack(t) end
print(count(many()), (select(200, many())), count(many(), many()))
local big = {} for i = 1, 7000 do big[i] = i end
print(count(unpack(big)))
