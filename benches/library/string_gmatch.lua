-- string.gmatch over words and over pairs of captures.
-- quick: 10
local n = tonumber(arg and arg[1]) or 20000
local text = ("alpha=1 beta=22 gamma=333 delta=4444 "):rep(5)
local words, pairs_ = 0, 0
for _ = 1, n do
  for word in text:gmatch("%a+") do words = words + #word end
  for key, value in text:gmatch("(%w+)=(%w+)") do pairs_ = pairs_ + #key + #value end
end
print(words, pairs_)
