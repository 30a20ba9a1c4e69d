// A provider whose functions are lambdas of the test, without a file.
#pragma once

#include <freellmapi/abi.h>

#include <memory>
#include <string_view>

#include "host/plugins.hpp"
#include "host/provider.hpp"

namespace freellmapi::host {

inline freellm_str text(std::string_view s) { return {s.data(), s.size()}; }

/// A table that passes every judgement. Functions that are not replaced do nothing.
inline freellm_provider scripted_table() {
  freellm_provider table{};
  table.size = sizeof table;
  table.id = text("scripted");
  table.manifest = text("manifest: 1\n");
  table.build_request = [](const freellm_provider*, const freellm_call*, freellm_request_out*) {
    return freellm_status{FREELLM_OK};
  };
  table.parser_size = 64;
  table.parser_align = 64;
  table.parser_open = [](const freellm_provider*, void*, const freellm_call*, const freellm_head*) {
    return freellm_status{FREELLM_OK};
  };
  table.parser_feed = [](void*, const void*, std::size_t, freellm_events_out*) {
    return freellm_status{FREELLM_OK};
  };
  table.parser_finish = [](void*, freellm_events_out*) { return freellm_status{FREELLM_OK}; };
  table.parser_close = [](void*) {};
  table.classify_error = [](const freellm_provider*, const freellm_head*, freellm_str, std::int64_t,
                            freellm_outcome*) { return freellm_status{FREELLM_OK}; };
  return table;
}

/// The table must outlive the provider.
inline std::shared_ptr<const Provider> scripted(const freellm_provider& table) {
  return std::make_shared<const Provider>(std::make_shared<const Plugin>(), table);
}

}  // namespace freellmapi::host
