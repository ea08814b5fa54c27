// A wire between two network interfaces that it makes, with a bandwidth and a delay, in either direction by itself: for kernels that have
// no netem. A packet leaves after those before it and arrives a delay later; what waits for longer than a switch would hold it is dropped.
//
//   cluster_wire NAME NAME BITS_PER_SECOND DELAY_SECONDS     until it is killed; the interfaces go with it
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <optional>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLongestQueue(20);

struct Packet {
  std::vector<char> bytes;
  Clock::time_point arrival;
};

// One direction: from an interface to the other.
struct Lane {
  int from, to;
  std::deque<Packet> on_the_way = {};
  Clock::time_point free = {};  // when the last bit of what was sent has left
};

int make_interface(const char* name) {
  const int file = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  if (file < 0 || ioctl(file, TUNSETIFF, &request) < 0) {
    std::perror(name);
    std::exit(1);
  }
  return file;
}

void take_in(Lane& lane, double bits_per_second, Clock::duration delay) {
  static std::array<char, 1 << 16> buffer;
  while (true) {
    const ssize_t size = read(lane.from, buffer.data(), buffer.size());
    if (size <= 0) return;
    const Clock::time_point now = Clock::now(), begin = std::max(now, lane.free);
    if (begin - now > kLongestQueue) continue;
    lane.free = begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(8 * double(size) / bits_per_second));
    lane.on_the_way.push_back({{buffer.data(), buffer.data() + size}, lane.free + delay});
  }
}

void hand_over(Lane& lane) {
  while (!lane.on_the_way.empty() && lane.on_the_way.front().arrival <= Clock::now()) {
    const std::vector<char>& bytes = lane.on_the_way.front().bytes;
    if (write(lane.to, bytes.data(), bytes.size()) < 0) std::perror("lost");  // the interface was set down
    lane.on_the_way.pop_front();
  }
}

// Until a packet comes in, or one is to be handed over.
void wait_for(std::array<Lane, 2>& lanes) {
  std::array<pollfd, 2> files{{{lanes[0].from, POLLIN, 0}, {lanes[1].from, POLLIN, 0}}};
  std::optional<Clock::time_point> next;
  for (const Lane& lane : lanes)
    if (!lane.on_the_way.empty()) next = std::min(next.value_or(lane.on_the_way.front().arrival), lane.on_the_way.front().arrival);
  timespec timeout{};
  if (next) {
    const auto left = std::max(std::chrono::nanoseconds(0), std::chrono::nanoseconds(*next - Clock::now()));
    timeout = {.tv_sec = left.count() / 1'000'000'000, .tv_nsec = left.count() % 1'000'000'000};
  }
  ppoll(files.data(), files.size(), next ? &timeout : nullptr, nullptr);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 5) {
    std::fputs("usage: cluster_wire NAME NAME BITS_PER_SECOND DELAY_SECONDS\n", stderr);
    return 2;
  }
  const double bits_per_second = std::strtod(arguments[3], nullptr);
  const auto delay = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(std::strtod(arguments[4], nullptr)));
  const int left = make_interface(arguments[1]), right = make_interface(arguments[2]);
  // A wire does not wait until the hosts have a moment.
  prctl(PR_SET_TIMERSLACK, 1UL);
  const sched_param priority{.sched_priority = 1};
  if (sched_setscheduler(0, SCHED_FIFO, &priority) != 0) std::perror("priority");
  std::array<Lane, 2> lanes{Lane{left, right}, Lane{right, left}};
  while (true) {
    wait_for(lanes);
    for (Lane& lane : lanes) {
      take_in(lane, bits_per_second, delay);
      hand_over(lane);
    }
  }
}
