-- A stack machine and a tree-walking evaluator for a toy language with a tokenizer and a parser.
-- quick: 100

local n = tonumber(arg and arg[1]) or 80000

local source = [[
  total = 0;
  i = 0;
  while i < limit {
    if i % 3 == 0 { total = total + i * 2; } else { total = total - (i + 1) % 7; }
    j = 3;
    while 0 < j { total = total + j; j = j - 1; }
    i = i + 1;
  }
]]

local function tokenize(text)
  local tokens, at = {}, 1
  while true do
    at = text:find("%S", at)
    if not at then break end
    local token = text:match("^%d+", at) or text:match("^%a+", at) or text:match("^==", at) or text:sub(at, at)
    tokens[#tokens + 1] = token
    at = at + #token
  end
  return tokens
end

local binding = { ["<"] = 1, ["=="] = 1, ["+"] = 2, ["-"] = 2, ["*"] = 3, ["%"] = 3 }

local function parse(tokens)
  local at = 1
  local function take(expected)
    local token = tokens[at]
    if expected and token ~= expected then error("expected " .. expected .. ", found " .. tostring(token)) end
    at = at + 1
    return token
  end
  local expression
  local function primary()
    local token = take()
    if token == "(" then
      local inner = expression(1)
      take(")")
      return inner
    end
    if tonumber(token) then return { kind = "number", value = tonumber(token) } end
    return { kind = "name", name = token }
  end
  function expression(least)
    local left = primary()
    while binding[tokens[at]] and binding[tokens[at]] >= least do
      local operator = take()
      left = { kind = "binary", operator = operator, left = left, right = expression(binding[operator] + 1) }
    end
    return left
  end
  local block
  local function statement()
    if tokens[at] == "while" then
      take()
      return { kind = "while", condition = expression(1), body = block() }
    elseif tokens[at] == "if" then
      take()
      local node = { kind = "if", condition = expression(1), body = block() }
      if tokens[at] == "else" then
        take()
        node.otherwise = block()
      end
      return node
    end
    local name = take()
    take("=")
    local node = { kind = "assign", name = name, value = expression(1) }
    take(";")
    return node
  end
  function block()
    take("{")
    local list = { kind = "block" }
    while tokens[at] ~= "}" do list[#list + 1] = statement() end
    take("}")
    return list
  end
  local program = { kind = "block" }
  while tokens[at] do program[#program + 1] = statement() end
  return program
end

local operators = {
  ["+"] = function(a, b) return a + b end,
  ["-"] = function(a, b) return a - b end,
  ["*"] = function(a, b) return a * b end,
  ["%"] = function(a, b) return a % b end,
  ["<"] = function(a, b) return a < b end,
  ["=="] = function(a, b) return a == b end,
}

local evaluate = {}
local function walk(node, variables) return evaluate[node.kind](node, variables) end
evaluate["number"] = function(node) return node.value end
evaluate["name"] = function(node, variables) return variables[node.name] end
evaluate["binary"] = function(node, variables)
  return operators[node.operator](walk(node.left, variables), walk(node.right, variables))
end
evaluate["assign"] = function(node, variables) variables[node.name] = walk(node.value, variables) end
evaluate["block"] = function(node, variables)
  for i = 1, #node do walk(node[i], variables) end
end
evaluate["while"] = function(node, variables)
  while walk(node.condition, variables) do walk(node.body, variables) end
end
evaluate["if"] = function(node, variables)
  if walk(node.condition, variables) then
    walk(node.body, variables)
  elseif node.otherwise then
    walk(node.otherwise, variables)
  end
end

local function compile(node, code)
  local function emit(operation, operand)
    code[#code + 1] = operation
    code[#code + 1] = operand or 0
    return #code
  end
  if node.kind == "number" then
    emit("push", node.value)
  elseif node.kind == "name" then
    emit("load", node.name)
  elseif node.kind == "binary" then
    compile(node.left, code)
    compile(node.right, code)
    emit(node.operator)
  elseif node.kind == "assign" then
    compile(node.value, code)
    emit("store", node.name)
  elseif node.kind == "block" then
    for _, child in ipairs(node) do compile(child, code) end
  else
    local start = #code + 1
    compile(node.condition, code)
    local exit = emit("unless")
    compile(node.body, code)
    if node.kind == "while" then
      emit("jump", start)
      code[exit] = #code + 1
    else
      local done = emit("jump")
      code[exit] = #code + 1
      if node.otherwise then compile(node.otherwise, code) end
      code[done] = #code + 1
    end
  end
  return code
end

local function execute(code, variables)
  local stack, top, pc, steps = {}, 0, 1, 0
  local last = #code
  while pc <= last do
    local operation, operand = code[pc], code[pc + 1]
    pc = pc + 2
    steps = steps + 1
    if operation == "push" then
      top = top + 1
      stack[top] = operand
    elseif operation == "load" then
      top = top + 1
      stack[top] = variables[operand]
    elseif operation == "store" then
      variables[operand] = stack[top]
      top = top - 1
    elseif operation == "jump" then
      pc = operand
    elseif operation == "unless" then
      if not stack[top] then pc = operand end
      top = top - 1
    else
      top = top - 1
      local a, b = stack[top], stack[top + 1]
      if operation == "+" then stack[top] = a + b
      elseif operation == "-" then stack[top] = a - b
      elseif operation == "*" then stack[top] = a * b
      elseif operation == "%" then stack[top] = a % b
      elseif operation == "<" then stack[top] = a < b
      else stack[top] = a == b
      end
    end
  end
  return steps
end

local program = parse(tokenize(source))
local variables = { limit = n }
walk(program, variables)
print("walked", variables.total, variables.i)
local again = { limit = n }
print("executed", execute(compile(program, {}), again), again.total, again.i)
