-- page.lua - a pandoc filter: what a page of the site needs and a code host does not.
--
-- Links between the project's Markdown files become links between pages (the variable `links`
-- names a file with lines `FILE PAGE`, both relative to the top folder); links to other files of
-- the project stay as their names, for the site stands without the project. Wide blocks can be
-- scrolled, and reached with a keyboard to do so.

local pages, here, root = {}, "", ""

local function normal(path) -- without "." and "NAME/.."
  local parts = {}
  for part in path:gmatch("[^/]+") do
    if part == ".." and #parts > 0 then table.remove(parts)
    elseif part ~= "." then table.insert(parts, part) end
  end
  return table.concat(parts, "/")
end

local function read_settings(meta)
  here = pandoc.utils.stringify(meta.source or "")
  root = pandoc.utils.stringify(meta.root or "")
  for line in io.lines(pandoc.utils.stringify(meta.links)) do
    local file, page = line:match("^(%S+) (%S+)$")
    pages[file] = page
  end
end

local function link(element)
  local target, anchor = element.target:match("^([^#]*)(#?.*)$")
  if target == "" or target:match("^%a+:") then return element end
  local file = normal((here:match("^(.*)/") or "") .. "/" .. target)
  local page = pages[file] or pages[file .. "/README.md"]
  if page then
    element.target = root .. page .. anchor
    return element
  end
  return element.content
end

local function wide(class)
  return function(block)
    return pandoc.Div({ block }, pandoc.Attr("", { class }, { tabindex = "0", role = "region",
      ["aria-label"] = "can be scrolled" }))
  end
end

return {
  { Meta = read_settings },
  { Link = link, Table = wide("wide"), CodeBlock = function(block)
    block.attributes["tabindex"] = "0"
    return block
  end },
}
