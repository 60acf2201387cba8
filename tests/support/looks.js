// What is wrong with how a page looks: text wider than the window, text too pale (WCAG 2 AA), targets under 24 pixels,
// and boxes that scroll sideways but not by keyboard.
(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const linear = (value) => (value <= 0.03928 * 255 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const light = (color) => 0.2126 * linear(color[0]) + 0.7152 * linear(color[1]) + 0.0722 * linear(color[2]);
  const over = (front, back) => [0, 1, 2].map((part) => front[part] * front[3] + back[part] * (1 - front[3]));
  function color(text) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    const found = [...canvas.getImageData(0, 0, 1, 1).data];
    return [...found.slice(0, 3), found[3] / 255];
  }
  const above = (element) => (element ? [element, ...above(element.parentElement)] : []);
  const faults = [];
  if (document.documentElement.scrollWidth > innerWidth) faults.push("scrolls sideways: " + document.documentElement.scrollWidth);
  for (const element of document.querySelectorAll("body *")) {
    const box = element.getBoundingClientRect(), style = getComputedStyle(element);
    if (!box.width || style.visibility === "hidden" || !element.checkVisibility()) continue;
    const name = element.tagName + " " + element.textContent.trim().slice(0, 30);
    if ([...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())) {
      const behind = above(element).reverse().reduce((back, one) => over(color(getComputedStyle(one).backgroundColor), back), dark ? [18, 18, 18] : [255, 255, 255]);
      const front = color(element instanceof SVGElement ? style.fill : style.color);
      front[3] *= above(element).reduce((all, one) => all * Number(getComputedStyle(one).opacity), 1);
      const [low, high] = [light(behind), light(over(front, behind))].sort((a, b) => a - b);
      const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.6 && Number(style.fontWeight) >= 700);
      const ratio = (high + 0.05) / (low + 0.05);
      if (ratio < (large ? 3 : 4.5)) faults.push("pale " + ratio.toFixed(2) + ": " + name);
    }
    const acted = /^(A|BUTTON|SELECT|SUMMARY)$/.test(element.tagName) || element.matches("input[type=search]");
    if (acted && style.display !== "inline" && (box.height < 24 || box.width < 24)) faults.push("small: " + name);
    const scrolls = /auto|scroll/.test(style.overflowX) && element.scrollWidth > element.clientWidth + 1;
    if (scrolls && element.tabIndex < 0 && !element.querySelector("a, button")) faults.push("no keyboard: " + name);
  }
  return faults;
})()
