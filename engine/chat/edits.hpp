// Changes to a JSON text that is being read: in place where the new text fits, else as a splice made
// afterwards.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <forward_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chat/json_scan.hpp"

namespace freellmapi::chat {

/// A piece of the text. Empty: not there.
struct Span {
  std::size_t begin = 0, end = 0;
  bool there() const noexcept { return end > begin; }
  std::size_t size() const noexcept { return end - begin; }
};

/// One member of an object or one item of an array.
struct Element {
  std::string_view name;                       ///< unescaped; empty for items
  std::size_t begin = 0;                       ///< of the name, or of the item
  Span value;                                  ///< may begin with blanks while it is being read
  std::size_t comma = std::string_view::npos;  ///< the one before it
  bool drop = false;
};
using Elements = boost::container::small_vector<Element, 16>;

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
  void drop(std::span<const Element> elements);

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

  std::string& text_;
  std::vector<Splice> splices_;
};

/// Reads one object member by member; names are unescaped and may not come twice. At most 1,024 members.
class Members {
 public:
  static constexpr std::size_t most = 1024;

  /// The object begins where `scan` stands (peek() said so).
  explicit Members(JsonScan& scan);
  Members(const Members&) = delete;
  Members& operator=(const Members&) = delete;

  /// To the next member's value. False at the end and at a fault.
  bool next();
  std::string_view name() const { return elements_.back().name; }
  Element& here() { return elements_.back(); }
  Elements& all() noexcept { return elements_; }
  /// Where the object's first member would go: behind '{'.
  std::size_t inside() const noexcept { return inside_; }

 private:
  bool unique_at_end();

  JsonScan& scan_;
  std::size_t inside_ = 0;
  Elements elements_;
  std::forward_list<std::string> escaped_names_;  // a list: views into short strings must not move
};

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
