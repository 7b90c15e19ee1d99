-- Small classic algorithms in one go: gcd, primes, sorting, permutations, knapsack, edit distance, Dijkstra, matrices, bits.
local function gcd(a, b) while b ~= 0 do a, b = b, a % b end return a end
print(gcd(1071, 462), gcd(17, 5), gcd(0, 9), gcd(2 ^ 40, 2 ^ 20))
local function primes(n)
  local c, out = {}, {}
  for i = 2, n do if not c[i] then out[#out + 1] = i for j = i * i, n, i do c[j] = true end end end
  return out
end
print(table.concat(primes(60), " "), #primes(10000))
local function msort(t)
  if #t < 2 then return t end
  local m = math.floor(#t / 2)
  local l, r = {}, {}
  for i = 1, m do l[i] = t[i] end
  for i = m + 1, #t do r[i - m] = t[i] end
  l, r = msort(l), msort(r)
  local o, i, j = {}, 1, 1
  while l[i] or r[j] do
    if not r[j] or (l[i] and l[i] <= r[j]) then
      o[#o + 1] = l[i]
      i = i + 1
    else
      o[#o + 1] = r[j]
      j = j + 1
    end
  end
  return o
end
print(table.concat(msort { 5, 2, 9, 1, 5, 6, -3, 0 }, " "))
local function knap(items, cap)
  local best = {}
  for w = 0, cap do best[w] = 0 end
  for _, it in ipairs(items) do
    for w = cap, it[1], -1 do
      local v = best[w - it[1]] + it[2]
      if v > best[w] then best[w] = v end
    end
  end
  return best[cap]
end
print(knap({ { 12, 4 }, { 2, 2 }, { 1, 1 }, { 1, 2 }, { 4, 10 } }, 15))
local function lev(a, b)
  local d = {}
  for i = 0, #a do d[i] = { [0] = i } end
  for j = 0, #b do d[0][j] = j end
  for i = 1, #a do
    for j = 1, #b do
      d[i][j] = math.min(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a:byte(i) == b:byte(j) and 0 or 1))
    end
  end
  return d[#a][#b]
end
print(lev("kitten", "sitting"), lev("", "abc"), lev("same", "same"))
local graph = { A = { B = 7, C = 9, F = 14 }, B = { A = 7, C = 10, D = 15 }, C = { A = 9, B = 10, D = 11, F = 2 }, D = { B = 15, C = 11, E = 6 }, E = { D = 6, F = 9 }, F = { A = 14, C = 2, E = 9 } }
local dist, done = { A = 0 }, {}
while true do
  local u
  for v, d in pairs(dist) do if not done[v] and (not u or d < dist[u]) then u = v end end
  if not u then break end
  done[u] = true
  for v, w in pairs(graph[u]) do
    local d = dist[u] + w
    if not dist[v] or d < dist[v] then dist[v] = d end
  end
end
print(dist.A, dist.B, dist.C, dist.D, dist.E, dist.F)
local function mul(a, b)
  local c = {}
  for i = 1, #a do
    c[i] = {}
    for j = 1, #b[1] do local s = 0 for k = 1, #b do s = s + a[i][k] * b[k][j] end c[i][j] = s end
  end
  return c
end
local function mpow(m, n)
  local r = { { 1, 0 }, { 0, 1 } }
  while n > 0 do if n % 2 == 1 then r = mul(r, m) end m = mul(m, m) n = math.floor(n / 2) end
  return r
end
print(mpow({ { 1, 1 }, { 1, 0 } }, 70)[1][2] == 190392490709135, mpow({ { 1, 1 }, { 1, 0 } }, 10)[1][2])
local function bxor(a, b)
  local r, p = 0, 1
  while a > 0 or b > 0 do
    local x, y = a % 2, b % 2
    if x ~= y then r = r + p end
    a, b, p = (a - x) / 2, (b - y) / 2, p * 2
  end
  return r
end
print(bxor(12, 10), bxor(255, 170), bxor(0, 7))
local function bin(n)
  local s = ""
  repeat s = n % 2 .. s n = math.floor(n / 2) until n == 0
  return s
end
print(bin(10), bin(255), bin(0), tonumber(bin(1234), 2))
local function hanoi(n, a, b, c, out)
  if n > 0 then hanoi(n - 1, a, c, b, out) out[#out + 1] = a .. c hanoi(n - 1, b, a, c, out) end
  return out
end
print(table.concat(hanoi(3, "a", "b", "c", {}), " "))
local function roman(n)
  local s = ""
  for _, p in ipairs { { 1000, "M" }, { 900, "CM" }, { 500, "D" }, { 400, "CD" }, { 100, "C" }, { 90, "XC" }, { 50, "L" }, { 40, "XL" }, { 10, "X" }, { 9, "IX" }, { 5, "V" }, { 4, "IV" }, { 1, "I" } } do
    while n >= p[1] do s = s .. p[2] n = n - p[1] end
  end
  return s
end
print(roman(1994), roman(2024), roman(49))
local function queens(n)
  local count, cols, d1, d2 = 0, {}, {}, {}
  local function place(r)
    if r > n then count = count + 1 return end
    for c = 1, n do
      if not (cols[c] or d1[r + c] or d2[r - c]) then
        cols[c], d1[r + c], d2[r - c] = true, true, true
        place(r + 1)
        cols[c], d1[r + c], d2[r - c] = nil
      end
    end
  end
  place(1)
  return count
end
print(queens(4), queens(6), queens(8))
local function ack(m, n)
  if m == 0 then
    return n + 1
  elseif n == 0 then
    return ack(m - 1, 1)
  else
    return ack(m - 1, ack(m, n - 1))
  end
end
print(ack(2, 3), ack(3, 3))
local function collatz(n)
  local c = 0
  while n ~= 1 do n = n % 2 == 0 and n / 2 or 3 * n + 1 c = c + 1 end
  return c
end
print(collatz(27), collatz(97))
