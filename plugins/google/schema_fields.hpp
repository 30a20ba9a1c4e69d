// The keywords of one schema after its references and allOf parts were gathered into it. Nothing is copied.
#pragma once

#include <boost/json.hpp>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace freellmapi::google {

/// Finds "#/..." targets and knows which are being expanded.
class References {
 public:
  explicit References(const boost::json::value& root) : root_(root) { open_.push_back(&root); }

  /// Forgets, at its end, the targets that were opened during its life.
  class Scope {
   public:
    explicit Scope(References& references) : references_(references), size_(references.open_.size()) {}
    ~Scope() { references_.open_.resize(size_); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    References& references_;
    std::size_t size_;
  };

  /// The target, or nullptr when there is none.
  const boost::json::value* find(std::string_view reference) const;
  /// False when the target is being expanded already.
  bool open(const boost::json::value* target);

 private:
  const boost::json::value& root_;
  std::vector<const boost::json::value*> open_;
};

class Fields {
 public:
  /// Adds what `schema` says; what is there already wins.
  void add(const boost::json::object& schema, References& references, int depth = 0);
  /// The union's members were taken out and need not be seen again.
  void drop_union();

  const boost::json::value* get(std::string_view name) const noexcept;
  bool flag(std::string_view name) const noexcept;
  const std::vector<const boost::json::object*>& properties() const noexcept { return properties_; }
  const std::vector<const boost::json::array*>& required() const noexcept { return required_; }

 private:
  void add_one(std::string_view name, const boost::json::value& value);

  std::vector<std::pair<std::string_view, const boost::json::value*>> fields_;
  std::vector<const boost::json::object*> properties_;
  std::vector<const boost::json::array*> required_;
};

}  // namespace freellmapi::google
