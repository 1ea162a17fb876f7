// The table of the stages and the state of the safety layer.
const number = (text, digits) => (text === undefined ? '' : Number(text).toFixed(digits));

function pair(figures, name) {
  const [middle, high] = [figures[`${name}_p50`], figures[`${name}_p95`]];
  return middle === undefined ? '' : `${number(middle, 0)} / ${number(high, 0)}`;
}

function row({ stage, colour, message, figures }) {
  const cells = [
    ['', stage], ['num', number(figures.published_hz ?? figures.received_hz, 0)],
    ['num', pair(figures, 'step_ms')],
    ['num', pair(figures, stage === 'hardware' ? 'latency_ms' : 'age_ms')],
    ['num', (Number(figures.dropped || 0) + Number(figures.rejected || 0)) || ''],
    ['message', message]];
  const made = document.createElement('tr');
  made.dataset.stage = stage;
  made.className = colour;
  made.append(...cells.map(([className, text]) => {
    const cell = document.createElement('td');
    cell.className = className;
    cell.textContent = text;
    return cell;
  }));
  return made;
}

export function showStages(stages) {
  document.querySelector('#stages tbody').replaceChildren(...stages.map(row));
}

export function showSafety({ text, colour }) {
  const chip = document.getElementById('safety');
  if (!chip) return;
  if (chip.textContent !== text) chip.textContent = text;
  chip.className = `chip ${colour}`;
}
