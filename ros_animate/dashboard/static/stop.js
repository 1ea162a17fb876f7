// The emergency stop: button and space bar. It needs no connection but its own.
import { setBanner, clearBanner } from './banners.js';

const LONGEST_MS = 2000;

async function stop(button) {
  button.classList.add('pending');
  let reason;
  try {
    const answer = await fetch('/api/estop', { method: 'POST', signal: AbortSignal.timeout(LONGEST_MS) });
    const result = answer.ok ? await answer.json() : { done: false, message: `status ${answer.status}` };
    reason = result.done ? '' : result.message || 'refused';
  } catch (error) {
    reason = 'the dashboard does not answer';
  }
  button.classList.remove('pending');
  if (reason) {
    setBanner('stop', `EMERGENCY STOP NOT CONFIRMED: ${reason}. Use the switch that cuts the power of the motors.`);
  } else {
    clearBanner('stop');
    document.body.classList.add('estopped');
  }
}

function isText(target) {
  return target.isContentEditable || target.tagName === 'TEXTAREA'
    || (target.tagName === 'INPUT' && !['range', 'checkbox', 'radio', 'button'].includes(target.type));
}

export function setUpStop(button) {
  button.onclick = () => stop(button);
  // Before any widget that takes the space bar for a click.
  window.addEventListener('keydown', (event) => {
    if (event.code !== 'Space' || isText(event.target)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!event.repeat) stop(button);
  }, true);
  window.addEventListener('keyup', (event) => {
    if (event.code === 'Space' && !isText(event.target)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }, true);
}
