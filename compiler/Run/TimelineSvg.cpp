// The timeline as a picture: a dot where an equation ticked, a colour a clock, segments as shaded bands.
#include "compiler/Run/Svg.h"
#include "compiler/Run/Timeline.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <fmt/format.h>

using namespace llvm;

namespace rondo::run {

namespace {

const int rowHeight = 22, margin = 24, labelCharWidth = 7, headHeight = 34;
const int64_t mostColumns = 600;

class Picture {
public:
  explicit Picture(const Timeline &timeline) : timeline(timeline) {
    size_t labelChars = 4, clockChars = 4;
    int64_t columns = 1;
    for (const TimelineBlock &block : timeline.blocks) {
      columns = std::max(columns, shownColumns(block));
      for (const TimelineRow &row : block.rows) {
        labelChars = std::max(labelChars, row.label.size());
        clockChars = std::max(clockChars, row.clock.size());
        if (std::find(clocks.begin(), clocks.end(), row.clock) == clocks.end())
          clocks.push_back(row.clock);
      }
    }
    left = margin + int(labelChars) * labelCharWidth + 14;
    columnWidth = columns <= 60 ? 16 : columns <= 120 ? 9 : columns <= 240 ? 5 : 3;
    width = left + int(columns) * columnWidth + 18 + int(clockChars) * labelCharWidth + margin;
  }

  void print(raw_ostream &os) {
    int y = margin + 22;
    for (const TimelineBlock &block : timeline.blocks)
      y = drawBlock(block, y);
    if (!timeline.once.empty()) {
      std::string names;
      for (const std::string &name : timeline.once)
        names += (names.empty() ? "" : ", ") + name;
      body += fmt::format("<text x=\"{}\" y=\"{}\" class=\"clock\">once a sample: {}</text>\n", margin, y + 14,
                          escapeXml(names));
      y += rowHeight;
    }
    os << fmt::format(
              "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\">\n",
              width, y + margin / 2)
       << "<style>\n"
          "text { font: 12px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; fill: #333 }\n"
          ".title { font: 600 15px system-ui, 'DejaVu Sans', sans-serif; fill: #222 }\n"
          ".scale { font-size: 10px; fill: #999; text-anchor: middle }\n"
          ".label { text-anchor: end }\n"
          ".clock { font-size: 11px }\n"
          ".off { fill: #e3e5e8 }\n"
          ".band { fill: #f3f5f8 }\n"
          ".edge { stroke: #c3c8d0; stroke-width: 1 }\n"
          "</style>\n"
       << fmt::format("<rect width=\"{}\" height=\"{}\" fill=\"#ffffff\"/>\n", width, y + margin / 2)
       << fmt::format("<text x=\"{}\" y=\"{}\" class=\"title\">{}: what ticks when</text>\n", margin, margin + 4,
                      escapeXml(timeline.model))
       << body << "</svg>\n";
  }

private:
  static int64_t shownColumns(const TimelineBlock &block) { return std::min(block.ticks, mostColumns); }
  int columnAt(int64_t tick) const { return left + int(tick) * columnWidth; }

  const char *colour(const std::string &clock) const {
    size_t at = size_t(std::find(clocks.begin(), clocks.end(), clock) - clocks.begin());
    return pictureColour(at);
  }

  /// Every second segment of the finest segment axis is shaded; every segment has its name's line at its end.
  void drawSegments(const TimelineBlock &block, int top, int bottom) {
    int64_t columns = shownColumns(block);
    for (size_t i = 0; i < block.segmentOffsets.size(); ++i) {
      const std::vector<int64_t> &offsets = block.segmentOffsets[i];
      for (size_t k = 0; k + 1 < offsets.size(); ++k) {
        int64_t begin = std::min(offsets[k], columns), end = std::min(offsets[k + 1], columns);
        if (begin == end)
          continue;
        if (i == 0 && k % 2 == 1)
          body += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" class=\"band\"/>\n", columnAt(begin),
                              top, int(end - begin) * columnWidth, bottom - top);
        if (offsets[k + 1] < columns)
          body += fmt::format(
              "<line x1=\"{0}\" x2=\"{0}\" y1=\"{1}\" y2=\"{2}\" class=\"edge\" stroke-dasharray=\"{3}\"/>\n",
              columnAt(end), top - 3 * int(i), bottom, i == 0 ? "2 3" : "none");
      }
    }
  }

  int drawBlock(const TimelineBlock &block, int y) {
    int64_t columns = shownColumns(block);
    int top = y + headHeight, bottom = top + rowHeight * int(block.rows.size());
    std::string chain = block.base;
    for (const std::string &name : block.segmentNames)
      chain += " in " + name;
    body += fmt::format("<text x=\"{}\" y=\"{}\" class=\"clock\">{}, {} {} in sample {}{}</text>\n", margin, y + 12,
                        escapeXml(chain), block.ticks, block.ticks == 1 ? "tick" : "ticks", timeline.sample,
                        columns < block.ticks ? fmt::format(" (the first {})", columns) : "");
    drawSegments(block, top, bottom);
    int step = columnWidth >= 16 ? 5 : columnWidth >= 9 ? 10 : 50;
    for (int64_t t = 0; t < columns; t += step)
      body +=
          fmt::format("<text x=\"{}\" y=\"{}\" class=\"scale\">{}</text>\n", columnAt(t) + columnWidth / 2, top - 6, t);
    int rowTop = top;
    for (const TimelineRow &row : block.rows) {
      drawRow(row, columns, rowTop);
      rowTop += rowHeight;
    }
    return bottom + 14;
  }

  void drawRow(const TimelineRow &row, int64_t columns, int top) {
    int middle = top + rowHeight / 2;
    const char *fill = colour(row.clock);
    body += fmt::format("<g><title>{}, on {}: {} {}</title>\n", escapeXml(row.label), escapeXml(row.clock),
                        row.ticks.size(), row.ticks.size() == 1 ? "tick" : "ticks");
    body +=
        fmt::format("<text x=\"{}\" y=\"{}\" class=\"label\">{}</text>\n", left - 10, middle + 4, escapeXml(row.label));
    size_t next = 0;
    double inset = columnWidth >= 9 ? 2 : 0.5;
    for (int64_t t = 0; t < columns; ++t) {
      while (next < row.ticks.size() && row.ticks[next] < t)
        ++next;
      if (next < row.ticks.size() && row.ticks[next] == t)
        body += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"12\" rx=\"{}\" fill=\"{}\"/>\n",
                            columnAt(t) + inset, middle - 6, columnWidth - 2 * inset, columnWidth >= 9 ? 3 : 0, fill);
      else if (columnWidth >= 9)
        body += fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"1.5\" class=\"off\"/>\n", columnAt(t) + columnWidth / 2.0,
                            middle);
    }
    body += fmt::format("<text x=\"{}\" y=\"{}\" class=\"clock\" style=\"fill:{}\">{}</text></g>\n",
                        columnAt(columns) + 14, middle + 4, fill, escapeXml(row.clock));
  }

  const Timeline &timeline;
  std::vector<std::string> clocks; // in order of appearance: their colours
  std::string body;
  int left = 0, columnWidth = 16, width = 0;
};

} // namespace

void printTimelineSvg(const Timeline &timeline, raw_ostream &os) { Picture(timeline).print(os); }

} // namespace rondo::run
