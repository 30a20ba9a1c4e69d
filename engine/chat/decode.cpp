#include "chat/decode.hpp"

#include <array>
#include <optional>
#include <utility>

#include "base/ids.hpp"
#include "chat/knobs.hpp"
#include "chat/messages.hpp"
#include "chat/pass.hpp"
#include "chat/tools.hpp"

namespace freellmapi::chat {

namespace {

// The old `functions` need a second walk, what they hold a third, and the last one changes nothing.
constexpr int most_walks = 4;
constexpr std::size_t longest_model = 256;

class Walk {
 public:
  /// `request` is as it is made.
  Walk(std::string& body, Request& request) : pass_(body, request.facts), body_(body), request_(request) {}

  /// False: see fault(). Else the request is whole, or the text must be spliced and read again.
  bool run();
  bool must_copy() const noexcept { return pass_.edits.must_copy(); }
  std::string spliced() { return pass_.edits.spliced(); }
  Fault fault() const;

 private:
  /// What members about tools become, "" for what they are.
  struct ToolTexts {
    std::string functions_as_tools, choice, old_choice;
  };

  bool read_members();
  bool read_member(const Knob& knob, Element& element);
  bool read_special(const Knob& knob, Element& element);
  bool read_stream_options();
  bool read_reasoning();
  bool read_model();
  void settle();
  void settle_tools();
  void settle_effort();
  [[gnu::noinline]] void list_members();
  void offer_tools();
  Element* member(Field field) noexcept;
  ToolTexts& texts() { return texts_ ? *texts_ : texts_.emplace(); }

  Pass pass_;
  std::string& body_;
  Request& request_;
  Members* members_ = nullptr;                       // while it runs
  std::array<std::uint16_t, field_count> places_{};  // behind the member of each field; 0: it is not there
  std::int64_t max_tokens_ = 0, max_completion_tokens_ = 0;
  std::size_t tool_count_ = 0;
  std::optional<ToolTexts> texts_;  // once there is one of them
  std::string_view effort_, effort_of_reasoning_;
  bool effort_respelled_ = false;
};

bool Walk::run() {
  if (pass_.scan.peek() != JsonType::object)
    return pass_.scan.failed() ? false : pass_.wrong_type("", "a JSON object");
  Members members(pass_.scan);
  members_ = &members;
  if (!read_members() || !pass_.scan.finish()) return false;
  if (request_.model.empty()) return pass_.missing("model");
  if (pass_.facts.message_count == 0) return pass_.missing("messages");
  settle();
  if (!must_copy()) list_members();
  return true;
}

bool Walk::read_members() {
  while (members_->to_next()) {
    Element& here = members_->here();
    const Knob* const knob = knob_of(here);
    if (knob != nullptr) {
      places_[static_cast<std::size_t>(knob->field)] = static_cast<std::uint16_t>(members_->all().size());
    }
    if (knob == nullptr) {
      here.drop = true;
      if (!pass_.scan.skip()) return false;
    } else if (pass_.scan.peek() == JsonType::null) {
      here.drop = true;
      if (!pass_.scan.skip()) return false;
    } else if (!read_member(*knob, here)) {
      return pass_.within(knob->name);
    }
  }
  return !pass_.scan.failed();
}

bool Walk::read_member(const Knob& knob, Element& element) {
  if (knob.type == Knob::Type::special) return read_special(knob, element);
  if (knob.field != Field::user) return read_knob(pass_, knob, element);
  JsonText user;
  if (!pass_.text("", user)) return false;
  user.assign_to(request_.user);
  return true;
}

bool Walk::read_special(const Knob& knob, Element& element) {
  bool plain = false;
  switch (knob.field) {
    case Field::messages:
      return read_messages(pass_, request_.thread);
    case Field::model:
      return read_model();
    case Field::stream:
      if (pass_.scan.peek() != JsonType::boolean) return pass_.wrong_type("", "a boolean");
      return pass_.scan.boolean(request_.stream);
    case Field::stream_options:
      return read_stream_options();
    case Field::max_tokens:
      if (!read_integer(pass_, "", max_tokens_)) return false;
      element.drop = max_tokens_ <= 0;
      return true;
    case Field::max_completion_tokens:
      if (!read_integer(pass_, "", max_completion_tokens_)) return false;
      element.drop = max_completion_tokens_ <= 0;
      return true;
    case Field::stop:
      return read_stop(pass_, element);
    case Field::tools:
      if (!read_tools(pass_, tool_count_)) return false;
      element.drop = tool_count_ == 0;
      return true;
    case Field::tool_choice:
      return read_tool_choice(pass_, texts().choice);
    case Field::functions:
      return read_functions(pass_, texts().functions_as_tools);
    case Field::function_call: {
      const std::size_t begin = pass_.scan.offset();
      std::string& choice = texts().old_choice;
      if (!read_tool_choice(pass_, choice)) return false;
      if (choice.empty()) choice = pass_.scan.view(begin, pass_.scan.offset());
      return true;
    }
    case Field::response_format:
      if (!read_response_format(pass_, plain)) return false;
      element.drop = plain;
      return true;
    case Field::reasoning:
      return read_reasoning();
    case Field::reasoning_effort:
      if (!read_effort(pass_, "", effort_, effort_respelled_)) return false;
      element.drop = effort_.empty();
      return true;
    default:
      return pass_.scan.skip();
  }
}

bool Walk::read_model() {
  JsonText model;
  if (!pass_.text("", model)) return false;
  model.assign_to(request_.model);
  if (request_.model.empty()) return pass_.wrong("invalid_value", "", "must not be empty");
  return request_.model.size() <= longest_model ||
         pass_.wrong("invalid_value", "", "is longer than 256 characters");
}

bool Walk::read_stream_options() {
  if (pass_.scan.peek() != JsonType::object) return pass_.wrong_type("", "an object");
  Members options(pass_.scan);
  while (options.next()) {
    const bool usage = options.name() == "include_usage" && pass_.scan.peek() != JsonType::null;
    if (usage && pass_.scan.peek() != JsonType::boolean)
      return pass_.wrong_type("include_usage", "a boolean");
    if (usage ? !pass_.scan.boolean(request_.include_usage) : !pass_.scan.skip()) return false;
  }
  return !pass_.scan.failed();
}

// OpenRouter's way to say reasoning_effort.
bool Walk::read_reasoning() {
  if (pass_.scan.peek() != JsonType::object) return pass_.wrong_type("", "an object");
  Members options(pass_.scan);
  while (options.next()) {
    const bool effort = options.name() == "effort" && pass_.scan.peek() != JsonType::null;
    bool respelled = false;
    if (effort ? !read_effort(pass_, "effort", effort_of_reasoning_, respelled) : !pass_.scan.skip())
      return false;
  }
  return !pass_.scan.failed();
}

Element* Walk::member(Field field) noexcept {
  const std::size_t place = places_[static_cast<std::size_t>(field)];
  return place == 0 ? nullptr : &members_->all()[place - 1];
}

// What depends on more than one member.
void Walk::settle() {
  if (max_completion_tokens_ > 0 && max_tokens_ > 0) member(Field::max_tokens)->drop = true;
  const std::int64_t limit = max_completion_tokens_ > 0 ? max_completion_tokens_ : max_tokens_;
  request_.max_tokens = limit > 0 ? static_cast<std::uint64_t>(limit) : 0;
  if (!request_.stream) {
    request_.include_usage = false;
    if (Element* const options = member(Field::stream_options)) options->drop = true;
  }
  settle_tools();
  settle_effort();
  pass_.edits.drop(members_->all());
}

void Walk::settle_tools() {
  Element* const functions = member(Field::functions);
  if (functions != nullptr) functions->drop = tool_count_ > 0 || texts().functions_as_tools.empty();
  const bool converted = functions != nullptr && !functions->drop;
  if (converted)
    pass_.edits.splice({functions->begin, functions->value.end}, "\"tools\":" + texts().functions_as_tools);
  const bool tools = tool_count_ > 0 || converted;
  pass_.facts.tools = tools;
  Element* const choice = member(Field::tool_choice);
  Element* const old = member(Field::function_call);
  const bool chosen = choice != nullptr && !choice->drop;
  if (choice != nullptr && !tools) choice->drop = true;
  if (chosen && tools && !texts().choice.empty()) pass_.edits.replace(choice->value, texts().choice);
  if (old != nullptr && !old->drop) {
    old->drop = chosen || !tools;
    if (!old->drop) pass_.edits.splice({old->begin, old->value.end}, "\"tool_choice\":" + texts().old_choice);
  }
  Element* const parallel = member(Field::parallel_tool_calls);
  if (parallel != nullptr && !tools) parallel->drop = true;
}

void Walk::settle_effort() {
  Element* const effort = member(Field::reasoning_effort);
  const bool said = effort != nullptr && !effort->drop;
  if (said && effort_respelled_) pass_.edits.replace(effort->value, "\"" + std::string{effort_} + "\"");
  Element* const reasoning = member(Field::reasoning);
  if (reasoning == nullptr || reasoning->drop) return;
  reasoning->drop = said || effort_of_reasoning_.empty();
  if (!reasoning->drop)
    pass_.edits.splice({reasoning->begin, reasoning->value.end},
                       "\"reasoning_effort\":\"" + std::string{effort_of_reasoning_} + "\"");
}

Fault Walk::fault() const {
  if (const auto& broken = pass_.scan.fault())
    return {400, "invalid_json", "",
            "The body is not valid JSON: " + std::string{broken->reason} + " (at byte " +
                std::to_string(broken->offset) + ")."};
  Fault fault = pass_.fault.value_or(Fault{});
  const std::string subject = fault.param.empty() ? "The body" : "'" + fault.param + "'";
  fault.message = subject + " " + fault.message + ".";
  return fault;
}

void Walk::offer_tools() {
  for (const Member& m : request_.members)
    if (m.name == "tool_choice" && m.value == "\"none\"") return;
  request_.tools.reserve(pass_.tools.size());
  for (const Pass::SeenTool& tool : pass_.tools) {
    std::string_view name = tool.name.raw;
    if (tool.name.escaped)
      name = *request_.names.emplace_back(std::make_unique<std::string>(tool.name.unescaped()));
    request_.tools.push_back({name, tool.parameters});
  }
}

void Walk::list_members() {
  request_.body = &body_;
  std::vector<Member>& listed = request_.members;
  listed.reserve(members_->all().size());
  for (const Element& e : members_->all().all()) {
    if (e.drop) continue;
    std::string_view name = e.name;
    // It lives in the reader and must live on.
    if (members_->escaped(name)) name = *request_.names.emplace_back(std::make_unique<std::string>(name));
    listed.push_back({name, pass_.value(e)});
  }
  if (pass_.facts.tools) offer_tools();
}

}  // namespace

Checked<Request> decode(std::string& body) {
  Checked<Request> made;
  std::unique_ptr<std::string> storage;
  for (int walks = 0; walks < most_walks; ++walks) {
    Walk walk(storage ? *storage : body, *made);
    if (!walk.run()) {
      made = walk.fault();
      return made;
    }
    if (!walk.must_copy()) {
      made->storage = std::move(storage);
      return made;
    }
    storage = std::make_unique<std::string>(walk.spliced());
    made = Request{};
  }
  made = Fault{400, "invalid_value", "messages",
               "'messages' cannot be brought into a form that providers take."};
  return made;
}

std::uint64_t session_named(std::string_view header) {
  if (header.empty()) return 0;
  const std::uint64_t hash = base::fnv1a(header);
  return hash == 0 ? 1 : hash;
}

std::uint64_t estimate_tokens(const Facts& facts) noexcept {
  return facts.text_bytes / 3 + facts.wide_bytes / 6 + facts.schema_bytes / 3 + facts.file_bytes / 64 +
         std::uint64_t{1'100} * facts.image_count + std::uint64_t{8} * facts.message_count + 1;
}

}  // namespace freellmapi::chat
