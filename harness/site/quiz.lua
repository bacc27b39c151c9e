-- quiz.lua - a pandoc filter: labs/NN-name/quiz.md as questions that a page can ask.
--
-- The source is Markdown: a heading of the second level asks; a list of `[ ]` and one `[x]` holds
-- the options; what is indented below an option says why it is right or wrong. Options can be
-- chosen with the keyboard or not at all: without JavaScript, or on paper, every answer is shown.

local count = 0

-- The mark that pandoc made of "[ ]" or "[x]", and the rest of the option's first paragraph.
local function split(blocks)
  local first = blocks[1]
  local mark = first.content[1]
  if mark.t ~= "Str" or (mark.text ~= "☐" and mark.text ~= "☒") then
    error("an option without [ ] or [x]: " .. pandoc.utils.stringify(first))
  end
  local words = {}
  for i = 3, #first.content do words[#words + 1] = first.content[i] end
  local why = {}
  for i = 2, #blocks do why[#why + 1] = blocks[i] end
  if #why == 0 then error("an option without a reason: " .. pandoc.utils.stringify(first)) end
  return mark.text == "☒", words, why
end

local function raw(text) return pandoc.RawBlock("html", text) end
local function raw_inline(text) return pandoc.RawInline("html", text) end

local function option(question, blocks)
  local right, words, why = split(blocks)
  local out = { raw(('<li class="option %s">'):format(right and "right" or "wrong")) }
  local label = { raw_inline(('<label><input type="radio" name="q%d"> '):format(question)) }
  for _, word in ipairs(words) do label[#label + 1] = word end
  label[#label + 1] = raw_inline("</label>")
  out[#out + 1] = pandoc.Plain(label)
  out[#out + 1] = raw(('<div class="why"><p class="verdict">%s</p>'):format(
    right and "Right." or "No."))
  for _, block in ipairs(why) do out[#out + 1] = block end
  out[#out + 1] = raw("</div></li>")
  return out, right
end

local function ask(heading, list)
  count = count + 1
  local legend = { raw_inline(('<legend>%d. '):format(count)) }
  for _, word in ipairs(heading.content) do legend[#legend + 1] = word end
  legend[#legend + 1] = raw_inline("</legend>")
  local out = { raw('<fieldset class="question">'), pandoc.Plain(legend), raw("<ol>") }
  local rights = 0
  for _, item in ipairs(list.content) do
    local blocks, right = option(count, item)
    rights = rights + (right and 1 or 0)
    for _, block in ipairs(blocks) do out[#out + 1] = block end
  end
  if rights ~= 1 then
    error(("question %d has %d right options"):format(count, rights))
  end
  out[#out + 1] = raw("</ol></fieldset>")
  return out
end

function Pandoc(document)
  local blocks, heading, extra = {}, nil, {}
  for _, block in ipairs(document.blocks) do
    if block.t == "Header" and block.level == 2 then
      heading = block
      extra = {}
    elseif block.t == "BulletList" and heading then
      local asked = ask(heading, block)
      for i, part in ipairs(asked) do
        blocks[#blocks + 1] = part
        if i == 2 then -- what stands between heading and options belongs to the question
          for _, given in ipairs(extra) do blocks[#blocks + 1] = given end
        end
      end
      heading = nil
    elseif heading then
      extra[#extra + 1] = block
    else
      blocks[#blocks + 1] = block
    end
  end
  blocks[#blocks + 1] = raw('<p class="score" role="status" aria-live="polite"></p>')
  document.blocks = blocks
  return document
end
