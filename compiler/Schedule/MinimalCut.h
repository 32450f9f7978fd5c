// Dividing a graph in two where it is cheapest.
#ifndef RONDO_SCHEDULE_MINIMALCUT_H
#define RONDO_SCHEDULE_MINIMALCUT_H

#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <limits>

namespace rondo::schedule {

/// Nodes are numbers from `source` and `sink` on.
class MinimalCut {
public:
  static constexpr int source = 0, sink = 1;
  static constexpr int64_t never = std::numeric_limits<int64_t>::max() / 4; // more than any sum of costs

  int addNode() {
    edgesOf.emplace_back();
    return edgesOf.size() - 1;
  }

  /// What it costs if `from` is on the source's side, and `to` on the sink's.
  void addEdge(int from, int to, int64_t cost) {
    edgesOf[from].push_back(edges.size());
    edges.push_back({to, cost});
    edgesOf[to].push_back(edges.size());
    edges.push_back({from, 0});
  }

  /// Finds the cheapest division, of several that with the smallest source's side. By augmenting paths, shortest first.
  void solve() {
    while (findPath()) {
      int64_t flow = never;
      for (int node = sink; node != source; node = edges[cameBy[node] ^ 1].to)
        flow = std::min(flow, edges[cameBy[node]].room);
      for (int node = sink; node != source; node = edges[cameBy[node] ^ 1].to) {
        edges[cameBy[node]].room -= flow;
        edges[cameBy[node] ^ 1].room += flow;
      }
    }
  }

  bool isOnSinkSide(int node) const { return cameBy[node] == none; }

private:
  static constexpr int none = -1, start = -2;
  struct Edge {
    int to;
    int64_t room; // of the edge beside it, in the other direction: what flows
  };

  /// Goes through all that can be reached from the source; true if the sink can.
  bool findPath() {
    cameBy.assign(edgesOf.size(), none);
    cameBy[source] = start;
    llvm::SmallVector<int> queue{source};
    for (size_t i = 0; i < queue.size(); ++i)
      for (int edge : edgesOf[queue[i]])
        if (int to = edges[edge].to; edges[edge].room > 0 && cameBy[to] == none) {
          cameBy[to] = edge;
          queue.push_back(to);
        }
    return cameBy[sink] != none;
  }

  llvm::SmallVector<Edge> edges;
  llvm::SmallVector<llvm::SmallVector<int, 4>> edgesOf{2};
  llvm::SmallVector<int> cameBy;
};

} // namespace rondo::schedule
#endif
