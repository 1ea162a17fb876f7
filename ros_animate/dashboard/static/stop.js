// The emergency stop: button and space bar. It needs nothing of the page but this file.
const LONGEST_MS = 2000;
const banners = new Map();

function showBanners() {
  const banner = document.getElementById('banner');
  if (!banner) return;
  const [kind, text] = [...banners].at(-1) || ['', ''];
  banner.hidden = !text;
  banner.dataset.kind = kind;
  banner.querySelector('span').textContent = text;
}

export function setBanner(kind, text) {
  banners.delete(kind);
  banners.set(kind, text);
  showBanners();
}

export function clearBanner(kind) {
  if (banners.delete(kind)) showBanners();
}

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
  const close = document.querySelector('#banner button');
  if (close) {
    close.onclick = () => {
      banners.delete(document.getElementById('banner').dataset.kind);
      showBanners();
    };
  }
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
