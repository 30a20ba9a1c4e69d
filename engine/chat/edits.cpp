#include "chat/edits.hpp"

#include <algorithm>
#include <boost/container/small_vector.hpp>

namespace freellmapi::chat {

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

void Edits::blank_dropped(std::span<const Element> elements) {
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

void Elements::grow() {
  const std::size_t before = size();
  if (many_.empty()) many_.assign(all_, end_);
  many_.resize(2 * before);
  all_ = many_.data();
  end_ = all_ + before;
  room_end_ = all_ + many_.size();
}

bool Members::next() { return to_next(); }

// Of nothing at all: it is none.
std::string_view Members::long_name() {
  JsonText text;
  if (!scan_.string(text)) return {};
  return text.escaped ? std::string_view{escaped_names_.emplace_front(text.unescaped())} : text.raw;
}

bool Members::ended() {
  if (!scan_.failed() && elements_.size() > Elements::few) unique_at_end();
  return false;
}

// Few names are compared as they come, many at the end.
bool Members::unique(std::string_view name, std::size_t begin) {
  if (elements_.size() >= Elements::few) return true;
  for (const Element& earlier : elements_.all())
    if (earlier.name == name) return scan_.fail(begin, "a member's name comes twice in one object");
  return true;
}

bool Members::more_room(std::size_t begin) {
  if (elements_.size() >= most) return scan_.fail(begin, "an object has more than 1,024 members");
  elements_.grow();
  return true;
}

void Members::unique_at_end() {
  boost::container::small_vector<const Element*, 64> sorted;
  for (const Element& e : elements_.all()) sorted.push_back(&e);
  std::sort(sorted.begin(), sorted.end(), [](const Element* a, const Element* b) {
    return a->name != b->name ? a->name < b->name : a->begin < b->begin;
  });
  for (std::size_t i = 1; i < sorted.size(); ++i)
    if (sorted[i - 1]->name == sorted[i]->name) {
      scan_.fail(sorted[i]->begin, "a member's name comes twice in one object");
      return;
    }
}

Items::Items(JsonScan& scan) : scan_(scan) { scan_.enter(); }

bool Items::next() {
  if (!elements_.empty()) elements_.back().value.end = scan_.offset();
  std::size_t comma = 0;
  if (!scan_.next_item(comma)) return false;
  scan_.peek();  // an item begins behind the blanks
  if (elements_.full()) elements_.grow();
  elements_.add({{}, scan_.offset(), {scan_.offset(), scan_.offset()}, comma, 0, false});
  return true;
}

}  // namespace freellmapi::chat
