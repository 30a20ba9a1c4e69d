#include "chat/json_tree.hpp"

#include <utility>

namespace freellmapi::chat {

JsonTree::JsonTree(std::string text) : text_(std::move(text)) {
  JsonScan scan(text_);
  values_.emplace_back();
  sound_ = read(scan, root) && scan.finish();
  if (!sound_) values_.assign(1, Value{});
}

// As deep as the scan lets it go.
bool JsonTree::read(JsonScan& scan, Id id) {
  const JsonType type = scan.peek();
  const std::size_t begin = scan.offset();
  values_[id].type = type;
  if (type == JsonType::string) {
    JsonText string;
    if (!scan.string(string)) return false;
    values_[id].string = string;
  } else if (type == JsonType::object || type == JsonType::array) {
    if (!scan.enter()) return false;
    Id last = none;
    JsonText name;
    std::size_t from = 0, comma = 0;
    while (type == JsonType::object ? scan.next_member(name, from, comma) : scan.next_item(comma)) {
      if (values_.size() >= most_values) {
        too_large_ = true;
        return false;
      }
      const Id made = static_cast<Id>(values_.size());
      values_.emplace_back();
      (last == none ? values_[id].child : values_[last].next) = made;
      last = made;
      ++values_[id].size;
      if (!read(scan, made)) return false;
      values_[made].name = name;
      values_[made].from = type == JsonType::object ? from : values_[made].begin;
    }
  } else if (!scan.skip()) {
    return false;
  }
  values_[id].begin = begin;
  values_[id].end = scan.offset();
  return !scan.failed();
}

JsonTree::Id JsonTree::member(Id object, std::string_view name) const {
  if (values_[object].type != JsonType::object) return none;
  Id found = none;
  for (Id id = values_[object].child; id != none; id = values_[id].next)
    if (values_[id].name.is(name)) found = id;
  return found;
}

}  // namespace freellmapi::chat
