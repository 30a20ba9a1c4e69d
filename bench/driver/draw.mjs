// Draws how far each figure is from its goal: a bar that ends left of the line has reached it.
import { figure } from './goals.mjs';

const escaped = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const row = 24, left = 300, width = 420, most = 3; // bars end at three times the goal

export function svg(title, rows) {
  const height = 84 + rows.length * row;
  const at = (worse) => left + Math.min(Math.max(worse, 0), most) / most * width;
  const bars = rows.map(({ name, unit, value, goal, at_least, met, worse }, i) => {
    const y = 56 + i * row;
    return `<text x="${left - 10}" y="${y + 13}" text-anchor="end">${escaped(name)}</text>` +
      `<rect x="${left}" y="${y}" width="${(at(worse) - left).toFixed(1)}" height="16" rx="2" fill="${met ? '#2e7d4f' : '#c0562f'}"/>` +
      `<text x="${left + width + 10}" y="${y + 13}">${escaped(figure(value, unit))}<tspan fill="#777"> (${at_least ? 'at least' : 'at most'} ${escaped(figure(goal, unit))})</tspan></text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${left + width + 230}" height="${height}" font-family="sans-serif" font-size="13">
<rect width="100%" height="100%" fill="#fff"/>
<text x="20" y="26" font-size="15" font-weight="bold">${escaped(title)}</text>
<text x="${at(1)}" y="46" text-anchor="middle" fill="#777">goal</text>
${bars.join('\n')}
<line x1="${at(1)}" y1="50" x2="${at(1)}" y2="${height - 22}" stroke="#222" stroke-dasharray="4 3"/>
</svg>
`;
}
