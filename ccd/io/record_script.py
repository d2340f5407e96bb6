"""The scripts that Redis runs in one piece (EVAL), for what must not happen halfway.

Every one of them may run twice: the second time changes nothing and answers the same. They build keys from what they
read, so the records need one Redis (or a Sentinel group), not Redis Cluster.
"""

_READ = """
local function read(id)
  local numbers = redis.call('SMEMBERS', 'ccd:caller:' .. id .. ':numbers')
  table.sort(numbers)
  local calls = redis.call('ZCARD', 'ccd:person:' .. id .. ':calls')
  for _, number in ipairs(numbers) do calls = calls + redis.call('ZCARD', 'ccd:person:' .. number .. ':calls') end
  return {id, numbers, calls, redis.call('HGETALL', 'ccd:caller:' .. id)}
end
"""

READ_CALLER = (
    _READ
    + """
if redis.call('EXISTS', 'ccd:caller:' .. ARGV[1]) == 0 then return false end
return read(ARGV[1])
"""
)
"""caller -> id, numbers, count of calls, fields as a flat list; nil where there is none."""

LOOK_UP_CALLER = (
    _READ
    + """
local number, fresh, now, name = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local id = redis.call('GET', 'ccd:number:' .. number)
if not id then
  if fresh == '' then return false end
  id = fresh
  redis.call('SET', 'ccd:number:' .. number, id)
  redis.call('HSET', 'ccd:caller:' .. id, '_created_at', now)
  if name ~= '' then redis.call('HSET', 'ccd:caller:' .. id, 'name', name) end
  redis.call('SADD', 'ccd:caller:' .. id .. ':numbers', number)
  redis.call('ZADD', 'ccd:callers', now, id)
end
return read(id)
"""
)
"""number, id for a new record (empty: make none), now, name -> as `READ_CALLER`."""

LINK_NUMBER = """
if redis.call('EXISTS', 'ccd:caller:' .. ARGV[1]) == 0 then return 0 end
local id = redis.call('GET', 'ccd:number:' .. ARGV[2])
if id and id ~= ARGV[1] then return 0 end
redis.call('SET', 'ccd:number:' .. ARGV[2], ARGV[1])
redis.call('SADD', 'ccd:caller:' .. ARGV[1] .. ':numbers', ARGV[2])
return 1
"""
"""caller, number -> 1 when the number is this caller's now."""

ERASE_CALLER = """
local id = ARGV[1]
if redis.call('EXISTS', 'ccd:caller:' .. id) == 0 and redis.call('HEXISTS', 'ccd:erased', id) == 0 then
  return false
end
local calls = cjson.decode(redis.call('HGET', 'ccd:erased', id) or '[]')
local persons = redis.call('SMEMBERS', 'ccd:caller:' .. id .. ':numbers')
for _, number in ipairs(persons) do
  if redis.call('GET', 'ccd:number:' .. number) == id then redis.call('DEL', 'ccd:number:' .. number) end
end
persons[#persons + 1] = id
for _, person in ipairs(persons) do
  local key = 'ccd:person:' .. person
  for _, call in ipairs(redis.call('ZRANGE', key .. ':calls', 0, -1)) do
    calls[#calls + 1] = call
    redis.call('HDEL', 'ccd:call:' .. call, 'person')
  end
  redis.call('DEL', key .. ':personal', key .. ':calls', key .. ':interactions')
end
redis.call('DEL', 'ccd:caller:' .. id, 'ccd:caller:' .. id .. ':numbers')
redis.call('ZREM', 'ccd:callers', id)
redis.call('HSET', 'ccd:erased', id, #calls > 0 and cjson.encode(calls) or '[]')
return calls
"""
"""caller -> the calls that were his; nil for one who never was."""

# A person once erased stays erased, even if a call of his was still running.
KEEP_PERSONAL = """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 0 end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[5])
return 1
"""
"""keys: the erased, the person's hash, an index; person, field, value, moment, member."""

# A record that is not there (erased) does not come back by a field of it.
CHANGE_CALLER = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
for place = 1, #ARGV, 2 do
  if ARGV[place + 1] == '' then redis.call('HDEL', KEYS[1], ARGV[place])
  elseif redis.call('HLEN', KEYS[1]) < 200 then redis.call('HSET', KEYS[1], ARGV[place], ARGV[place + 1]) end
end
return 1
"""
"""key: the caller's hash; field, value, field, value, …"""
