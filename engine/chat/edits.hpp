// Changes to a JSON text that is being read: in place where the new text fits, else as a splice made
// afterwards.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "chat/json_scan.hpp"
#include "chat/names.hpp"

namespace freellmapi::chat {

/// A piece of the text. Empty: not there.
struct Span {
  std::size_t begin, end;
  bool there() const noexcept { return end > begin; }
  std::size_t size() const noexcept { return end - begin; }
};

/// One member of an object or one item of an array.
struct Element {
  std::string_view name;  ///< unescaped; empty for items
  std::size_t begin;      ///< of the name, or of the item
  Span value;             ///< may begin with blanks while it is being read
  std::size_t comma;      ///< the one before it; npos: it is the first
  std::uint32_t key;      ///< key_of(name)
  bool drop;
};

/// Elements in their order, the first few of them in place.
class Elements {
 public:
  static constexpr std::size_t few = 16;

  Elements() noexcept : all_(few_), end_(few_), room_end_(few_ + few) {}
  Elements(const Elements&) = delete;
  Elements& operator=(const Elements&) = delete;

  std::size_t size() const noexcept { return static_cast<std::size_t>(end_ - all_); }
  bool empty() const noexcept { return all_ == end_; }
  Element* begin() noexcept { return all_; }
  Element* end() noexcept { return end_; }
  Element& back() noexcept { return end_[-1]; }
  const Element& back() const noexcept { return end_[-1]; }
  Element& operator[](std::size_t i) noexcept { return all_[i]; }
  std::span<const Element> all() const noexcept { return {all_, size()}; }

  /// There must be room.
  void add(const Element& element) noexcept { std::construct_at(end_++, element); }
  bool full() const noexcept { return end_ == room_end_; }
  /// Twice as much room.
  void grow();

 private:
  Element *all_, *end_, *room_end_;
  union {  // begun by add()
    Element few_[few];
  };
  std::vector<Element> many_;
};
static_assert(std::is_trivially_destructible_v<Element>);

/// What is to be changed. Nothing that has been read moves: dropping and shortening leave blanks behind, so a
/// text that needs no more is not copied.
class Edits {
 public:
  explicit Edits(std::string& text) : text_(text) {}

  /// In place when `with` is no longer than the span.
  void replace(Span span, std::string_view with);
  /// Never in place. Splices must not overlap; several at one place keep their order,
  /// insertions before what replaces the text behind them.
  void insert(std::size_t at, std::string text) { splices_.push_back({{at, at}, std::move(text)}); }
  void splice(Span span, std::string with) { splices_.push_back({span, std::move(with)}); }
  /// Blanks the elements marked `drop`, each with a comma.
  void drop(const Elements& elements) {
    for (const Element& element : elements.all())
      if (element.drop) return blank_dropped(elements.all());
  }

  /// For forget(): what is made of a text that will not stay where it is.
  std::size_t mark() const noexcept { return splices_.size(); }
  void forget(std::size_t mark) { splices_.resize(mark); }

  bool must_copy() const noexcept { return !splices_.empty(); }
  /// A text that needs more than this was not written by a client we want to understand.
  static constexpr std::size_t most = 100'000;
  bool too_many() const noexcept { return splices_.size() > most; }
  /// The text with the splices made.
  std::string spliced();

 private:
  struct Splice {
    Span span;
    std::string with;
  };
  void blank(std::size_t begin, std::size_t end);
  void blank_dropped(std::span<const Element> elements);

  std::string& text_;
  std::vector<Splice> splices_;
};

/// Reads one object member by member; names are unescaped and may not come twice. At most 1,024 members.
class Members {
 public:
  static constexpr std::size_t most = 1024;
  static_assert(most == Elements::few << 6U, "which is where room is doubled");

  /// The object begins where `scan` stands (peek() said so).
  explicit Members(JsonScan& scan) : scan_(scan) {
    if (scan_.enter()) inside_ = scan_.offset();
  }
  Members(const Members&) = delete;
  Members& operator=(const Members&) = delete;

  /// To the next member's value. False at the end and at a fault.
  bool next();
  /// The same, in its place: for the two loops that every request goes through.
  bool to_next();
  std::string_view name() const noexcept { return elements_.back().name; }
  Element& here() noexcept { return elements_.back(); }
  Elements& all() noexcept { return elements_; }
  /// A name that stands in the text with an escape, and so is no piece of it.
  bool escaped(std::string_view name) const noexcept {
    return !escaped_names_.empty() &&
           std::any_of(escaped_names_.begin(), escaped_names_.end(),
                       [name](const std::string& n) { return n.data() == name.data(); });
  }
  /// Where the object's first member would go: behind '{'.
  std::size_t inside() const noexcept { return inside_; }

 private:
  std::string_view long_name();
  bool ended();
  bool may_have_come(std::uint32_t key) noexcept;
  bool unique(std::string_view name, std::size_t begin);
  bool more_room(std::size_t begin);
  void unique_at_end();

  JsonScan& scan_;
  std::size_t inside_ = 0;
  std::uint64_t seen_ = 0;  // a bit for each name that came; several may share one
  Elements elements_;
  std::forward_list<std::string> escaped_names_;  // a list: views into short strings must not move
};

inline bool Members::may_have_come(std::uint32_t key) noexcept {
  const std::uint64_t bit = std::uint64_t{1} << (key * 0x9E37'79B1U >> 26U);
  const bool perhaps = (seen_ & bit) != 0;
  seen_ |= bit;
  return perhaps;
}

[[gnu::always_inline]] inline bool Members::to_next() {
  if (!elements_.empty()) elements_.back().value.end = scan_.offset();
  std::size_t begin = 0, comma = 0;
  if (!scan_.next_name(begin, comma)) return ended();
  std::string_view name = scan_.short_string();
  if (name.empty()) {
    name = long_name();
    if (name.data() == nullptr) return false;
  }
  if (!scan_.colon()) return false;
  const std::uint32_t key = key_of(name);
  if (may_have_come(key) && !unique(name, begin)) return false;
  if (elements_.full() && !more_room(begin)) return false;
  elements_.add({name, begin, {scan_.offset(), scan_.offset()}, comma, key, false});
  return true;
}

/// Reads one array item by item.
class Items {
 public:
  explicit Items(JsonScan& scan);
  bool next();
  Element& here() { return elements_.back(); }
  Elements& all() noexcept { return elements_; }
  std::size_t index() const noexcept { return elements_.size() - 1; }

 private:
  JsonScan& scan_;
  Elements elements_;
};

}  // namespace freellmapi::chat
