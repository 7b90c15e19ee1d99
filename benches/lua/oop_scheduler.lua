-- A round-robin task scheduler with device, worker and idle tasks that pass packets: a small operating system.
-- quick: 20

local n = tonumber(arg and arg[1]) or 1500

local Packet = {}
Packet.__index = Packet
function Packet.new(kind, owner)
  return setmetatable({ kind = kind, owner = owner, data = { 0, 0, 0, 0 }, position = 1 }, Packet)
end

local Queue = {}
Queue.__index = Queue
function Queue.new() return setmetatable({ first = 1, last = 0 }, Queue) end
function Queue:put(item)
  self.last = self.last + 1
  self[self.last] = item
end
function Queue:take()
  if self.first > self.last then return nil end
  local item = self[self.first]
  self[self.first] = nil
  self.first = self.first + 1
  return item
end
function Queue:is_empty() return self.first > self.last end

local Task = {}
Task.__index = Task
local function extend(class)
  local derived = setmetatable({}, { __index = class })
  derived.__index = derived
  return derived
end
function Task.init(self, scheduler, name, priority)
  self.scheduler, self.name, self.priority = scheduler, name, priority
  self.inbox, self.waiting, self.steps = Queue.new(), false, 0
  scheduler:add(self)
  return self
end
function Task:is_ready() return not (self.waiting and self.inbox:is_empty()) end
function Task:step()
  self.steps = self.steps + 1
  self.waiting = false
  return self:run(self.inbox:take())
end
function Task:wait() self.waiting = true end

local Idle = extend(Task)
function Idle:run()
  self.budget = self.budget - 1
  if self.budget == 0 then return self.scheduler:stop() end
  if self.budget % 2 == 0 then
    self.pattern = self.pattern / 2
    self.scheduler:wake("disk")
  else
    self.pattern = (self.pattern - 1) / 2 + 26000
    if self.pattern ~= math.floor(self.pattern) then self.pattern = math.floor(self.pattern) end
    self.scheduler:wake("tape")
  end
end

local Device = extend(Task)
function Device:run(packet)
  if packet then
    self.handled = self.handled + 1
    self.pending:put(packet)
  end
  local ready = self.pending:take()
  if ready then
    self.scheduler:send(ready.owner, ready)
  else
    self:wait()
  end
end

local Worker = extend(Task)
function Worker:run(packet)
  if not packet then return self:wait() end
  self.letter = self.letter % 26 + 1
  for i = 1, 4 do packet.data[i] = (packet.data[i] + self.letter * i) % 97 end
  packet.owner = self.name
  self.target = packet.kind == "handler" and "handler" or self.target == "disk" and "tape" or "disk"
  self.scheduler:send(self.target, packet)
end

local Handler = extend(Task)
function Handler:run(packet)
  if not packet then return self:wait() end
  packet.position = packet.position + 1
  if packet.position > 4 then packet.position = 1 end
  self.total = (self.total + packet.data[packet.position]) % 1000003
  packet.owner = "worker"
  self.scheduler:send(self.total % 2 == 0 and "disk" or "tape", packet)
end

local Scheduler = {}
Scheduler.__index = Scheduler
function Scheduler.new()
  return setmetatable({ tasks = {}, by_name = {}, running = true, switches = 0 }, Scheduler)
end
function Scheduler:add(task)
  self.by_name[task.name] = task
  local i = #self.tasks + 1
  while i > 1 and self.tasks[i - 1].priority < task.priority do
    self.tasks[i] = self.tasks[i - 1]
    i = i - 1
  end
  self.tasks[i] = task
end
function Scheduler:send(name, packet)
  local task = self.by_name[name]
  task.inbox:put(packet)
end
function Scheduler:wake(name) self.by_name[name].waiting = false end
function Scheduler:stop() self.running = false end
function Scheduler:run()
  local tasks = self.tasks
  while self.running do
    for i = 1, #tasks do
      local task = tasks[i]
      if task:is_ready() then
        task:step()
        self.switches = self.switches + 1
        if not self.running then break end
      end
    end
  end
end

local function simulate(budget)
  local scheduler = Scheduler.new()
  local idle = setmetatable({ budget = budget, pattern = 47 }, Idle):init(scheduler, "idle", 0)
  local worker = setmetatable({ letter = 0, target = "tape" }, Worker):init(scheduler, "worker", 10)
  local handler = setmetatable({ total = 0 }, Handler):init(scheduler, "handler", 20)
  local disk = setmetatable({ handled = 0, pending = Queue.new() }, Device):init(scheduler, "disk", 30)
  local tape = setmetatable({ handled = 0, pending = Queue.new() }, Device):init(scheduler, "tape", 40)
  for i = 1, 3 do scheduler:send("worker", Packet.new("worker", "worker")) end
  for i = 1, 4 do scheduler:send("handler", Packet.new("handler", "handler")) end
  scheduler:run()
  return scheduler.switches, disk.handled, tape.handled, handler.total, worker.steps, idle.pattern
end

local sum = 0
for round = 1, n do
  local switches, disk, tape, total, steps = simulate(200 + round % 7)
  sum = (sum * 3 + switches + disk * 5 + tape * 7 + total + steps) % 1000003
end
print(simulate(1000))
print(sum)
