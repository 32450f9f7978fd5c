// The heat map as a picture: a word is a box, the darker the more it weighs; a sentence has a bar at its left.
#include "compiler/Run/Heatmap.h"
#include "compiler/Run/Svg.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

using namespace llvm;

namespace rondo::run {

namespace {

const int margin = 24, charWidth = 8, wordHeight = 22, lineHeight = 26, mostWidth = 760, mostWords = 2000;

struct Colour {
  int red, green, blue;
};
// Where a weight is the largest; dark text stands out on both.
const Colour ofWords = {0x6b, 0xae, 0xe8}, ofSentences = {0xf0, 0x8c, 0x3c};

std::string mixed(Colour full, double share) {
  auto part = [&](int value) { return int(std::lround(255 + (value - 255) * share)); };
  return fmt::format("#{:02x}{:02x}{:02x}", part(full.red), part(full.green), part(full.blue));
}

class Picture {
public:
  explicit Picture(const Heatmap &heatmap) : heatmap(heatmap) {
    for (const Heatmap::Part &part : heatmap.parts) {
      largestPart = std::max(largestPart, part.weight);
      for (const Heatmap::Word &word : part.words)
        largestWord = std::max(largestWord, word.weight);
    }
    left = margin + (heatmap.sentenceWeights.empty() ? 0 : 58);
  }

  void print(raw_ostream &os) {
    int y = margin + 4;
    body += fmt::format("<text x=\"{}\" y=\"{}\" class=\"title\">{}: where it looked</text>\n", margin, y,
                        escapeXml(heatmap.title));
    for (const std::string &remark : heatmap.remarks)
      body += fmt::format("<text x=\"{}\" y=\"{}\" class=\"note\">{}</text>\n", margin, y += 18, escapeXml(remark));
    y = legend(heatmap.wordWeights, ofWords, largestWord, y + 12);
    y = legend(heatmap.sentenceWeights, ofSentences, largestPart, y);
    y += 12;
    for (const Heatmap::Part &part : heatmap.parts)
      y = drawPart(part, y);
    if (drawn > mostWords)
      body += fmt::format("<text x=\"{}\" y=\"{}\" class=\"note\">the first {} words of {}</text>\n", margin, y + 14,
                          mostWords, drawn);
    int width = mostWidth + 2 * margin, height = y + margin;
    os << fmt::format(
              "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\">\n",
              width, height)
       << "<style>\n"
          "text { font: 13px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; fill: #222 }\n"
          ".title { font: 600 15px system-ui, 'DejaVu Sans', sans-serif }\n"
          ".note, .value { font: 12px system-ui, 'DejaVu Sans', sans-serif; fill: #444 }\n"
          ".value { text-anchor: end }\n"
          ".word { text-anchor: middle }\n"
          "</style>\n"
       << fmt::format("<rect width=\"{}\" height=\"{}\" fill=\"#ffffff\"/>\n", width, height) << body << "</svg>\n";
  }

private:
  static double share(double weight, double largest) { return largest > 0 ? std::max(0.0, weight / largest) : 0; }

  int legend(const std::string &name, Colour colour, double largest, int y) {
    if (name.empty())
      return y;
    const int steps = 10, width = 14;
    body += fmt::format("<text x=\"{}\" y=\"{}\" class=\"note\">0</text>\n", margin, y + 11);
    for (int k = 0; k <= steps; ++k)
      body += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"14\" fill=\"{}\"/>\n", margin + 14 + k * width,
                          y, width, mixed(colour, double(k) / steps));
    int end = margin + 14 + (steps + 1) * width;
    body += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"14\" fill=\"none\" stroke=\"#c3c8d0\"/>\n",
                        margin + 14, y, end - margin - 14);
    body += fmt::format("<text x=\"{}\" y=\"{}\" class=\"note\">{:.2f}  {}</text>\n", end + 6, y + 11, largest,
                        escapeXml(name));
    return y + 20;
  }

  int drawPart(const Heatmap::Part &part, int y) {
    if (drawn > mostWords) {
      drawn += int(part.words.size());
      return y;
    }
    if (!heatmap.sentenceWeights.empty()) {
      body += fmt::format("<text x=\"{}\" y=\"{}\" class=\"value\">{:.2f}</text>\n", margin + 30, y + 15, part.weight);
      bars = y;
    }
    int x = left;
    for (const Heatmap::Word &word : part.words) {
      int width = charWidth * lengthOf(word.text) + 8;
      if (x > left && x + width > margin + mostWidth) {
        x = left;
        y += lineHeight;
      }
      if (++drawn > mostWords)
        continue;
      body += fmt::format("<g><title>{}: {:.4f}</title><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"3\" "
                          "fill=\"{}\"/><text x=\"{}\" y=\"{}\" class=\"word\" textLength=\"{}\">{}</text></g>\n",
                          escapeXml(word.text), word.weight, x, y, width, wordHeight,
                          mixed(ofWords, share(word.weight, largestWord)), x + width / 2, y + 15,
                          charWidth * lengthOf(word.text), escapeXml(word.text));
      x += width + 2;
    }
    if (!heatmap.sentenceWeights.empty())
      body +=
          fmt::format("<rect x=\"{}\" y=\"{}\" width=\"12\" height=\"{}\" rx=\"3\" fill=\"{}\" stroke=\"#c3c8d0\"/>\n",
                      margin + 36, bars, y + wordHeight - bars, mixed(ofSentences, share(part.weight, largestPart)));
    return y + lineHeight + 4;
  }

  const Heatmap &heatmap;
  double largestWord = 0, largestPart = 0;
  int left = margin, bars = 0;
  int drawn = 0; // words
  std::string body;
};

} // namespace

void printHeatmap(const Heatmap &heatmap, raw_ostream &os) { Picture(heatmap).print(os); }

} // namespace rondo::run
