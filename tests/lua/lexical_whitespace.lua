-- White space and the places where it does not matter; ambiguity of calls over lines.
print(1)print(2)print	(3)
local a=1 local b=2;local c
=
3 print(a,b,c)
do local x=a;print(x)end
if a==1 then print"then"else print"else"end
local s="a".."b"..'c'print(s)
print(loadstring("local f = print\nf\n('call')"))
print(loadstring("f = 1 ; ; g = 2"))
print(loadstring(";"))
print(loadstring("return;") ~= nil, loadstring("return 1;") ~= nil, loadstring("break"))
print(loadstring("return 1; print(2)"))
print(loadstring("do return 1 end print(2)") ~= nil)
print(#"	tab", "a" --[[x]].. "b")
local t={1,2;3,}print(#t)
print(loadstring("t = {,}"), loadstring("t = {1,,2}"))
print(a~=b,a<=b,a>=b,not a)
