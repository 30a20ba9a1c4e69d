#include "chat/edits.hpp"

#include <algorithm>

namespace freellmapi::chat {

namespace {

constexpr std::size_t compared_one_by_one = 16;

}  // namespace

void Edits::blank(std::size_t begin, std::size_t end) {
  std::fill(text_.begin() + static_cast<std::ptrdiff_t>(begin),
            text_.begin() + static_cast<std::ptrdiff_t>(end), ' ');
}

void Edits::replace(Span span, std::string_view with) {
  if (with.size() > span.size()) {
    splice(span, std::string{with});
    return;
  }
  with.copy(text_.data() + span.begin, with.size());
  blank(span.begin + with.size(), span.end);
}

void Edits::drop(std::span<const Element> elements) {
  // Each dropped element takes the comma behind it; the last ones take the comma in front of them.
  std::size_t kept = elements.size();  // one past the last kept element
  while (kept > 0 && elements[kept - 1].drop) --kept;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (!elements[i].drop) continue;
    blank(elements[i].begin, elements[i].value.end);
    const std::size_t owner = i < kept ? i + 1 : i;  // the element whose comma goes
    if (owner > 0) blank(elements[owner].comma, elements[owner].comma + 1);
  }
}

std::string Edits::spliced() {
  std::stable_sort(splices_.begin(), splices_.end(), [](const Splice& a, const Splice& b) {
    return a.span.begin != b.span.begin ? a.span.begin < b.span.begin : !a.span.there() && b.span.there();
  });
  std::size_t size = text_.size();
  for (const Splice& s : splices_) size += s.with.size();
  std::string out;
  out.reserve(size);
  std::size_t at = 0;
  for (const Splice& s : splices_) {
    out.append(text_, at, s.span.begin - at);
    out += s.with;
    at = s.span.end;
  }
  return out.append(text_, at);
}

Members::Members(JsonScan& scan) : scan_(scan) {
  if (scan_.enter()) inside_ = scan_.offset();
}

bool Members::next() {
  if (!elements_.empty()) elements_.back().value.end = scan_.offset();
  JsonText text;
  std::size_t begin = 0, comma = 0;
  if (!scan_.next_member(text, begin, comma)) {
    if (!scan_.failed() && elements_.size() > compared_one_by_one) unique_at_end();
    return false;
  }
  if (elements_.size() >= most) return scan_.fail(begin, "an object has more than 1,024 members");
  const std::string_view name =
      text.escaped ? std::string_view{escaped_names_.emplace_front(text.unescaped())} : text.raw;
  if (elements_.size() < compared_one_by_one)
    for (const Element& earlier : elements_)
      if (earlier.name == name) return scan_.fail(begin, "a member's name comes twice in one object");
  elements_.push_back({name, begin, {scan_.offset(), scan_.offset()}, comma, false});
  return true;
}

bool Members::unique_at_end() {
  boost::container::small_vector<const Element*, 64> sorted;
  for (const Element& e : elements_) sorted.push_back(&e);
  std::sort(sorted.begin(), sorted.end(), [](const Element* a, const Element* b) {
    return a->name != b->name ? a->name < b->name : a->begin < b->begin;
  });
  for (std::size_t i = 1; i < sorted.size(); ++i)
    if (sorted[i - 1]->name == sorted[i]->name)
      return scan_.fail(sorted[i]->begin, "a member's name comes twice in one object");
  return true;
}

Items::Items(JsonScan& scan) : scan_(scan) { scan_.enter(); }

bool Items::next() {
  if (!elements_.empty()) elements_.back().value.end = scan_.offset();
  Element element;
  if (!scan_.next_item(element.comma)) return false;
  scan_.peek();  // an item begins behind the blanks
  element.begin = scan_.offset();
  element.value = {element.begin, element.begin};
  elements_.push_back(element);
  return true;
}

}  // namespace freellmapi::chat
