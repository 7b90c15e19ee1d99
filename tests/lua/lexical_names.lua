-- Names and reserved words.
local _, _a, a1, A, _VERSION_ = 1, 2, 3, 4, 5
print(_, _a, a1, A, _VERSION_)
local end_, ending, nilly, _end, END = 1, 2, 3, 4, 5
print(end_, ending, nilly, _end, END)
local goto_label = "names may start like words of later versions"
local continue, goto = 1, 2
print(goto_label, continue, goto)
for _, word in ipairs { "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "if", "in", "local",
  "nil", "not", "or", "repeat", "return", "then", "true", "until", "while" } do
  print(word, loadstring("local " .. word .. " = 1"), (loadstring("return t." .. word)))
end
print(loadstring("local 1a = 2"))
print(loadstring("local a-b = 2"))
print(loadstring("local a$ = 2"))
print(loadstring("x = }"))
local long = ("n"):rep(300)
print(loadstring("local " .. long .. " = 7 return " .. long)())
print(_VERSION)
