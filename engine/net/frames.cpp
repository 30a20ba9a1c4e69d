#include "net/frames.hpp"

namespace freellmapi::net {

void Frames::release() noexcept {
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    while (Kept* const at = mine_.first[rank]) {
      mine_.first[rank] = at->next;
      ::operator delete(at);
    }
  }
  mine_.bytes = 0;
}

}  // namespace freellmapi::net
