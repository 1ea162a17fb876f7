// The connection to the dashboard: images and values come in, confirmations and targets go out.
import { Controls } from './controls.js';
import { Chart } from './chart.js';
import { setBanner, clearBanner } from './banners.js';
import { setUpStop } from './stop.js';
import { showStages, showSafety } from './stages.js';
import { People } from './people.js';
import { Views } from './views.js';

const RETRY_MS = 1000;
const LOST = 'No connection to the dashboard: what you see is old. The robot goes on without it.';

class Live {
  constructor() {
    this.connect();
    if (!document.getElementById('stages')) return;
    this.views = new Views(document.querySelectorAll('.view'), (id) => this.send({ follow: id }));
    this.people = new People(document.getElementById('people'), (id) => this.send({ follow: id }));
    this.chart = new Chart(document.getElementById('chart'), document.getElementById('chart-name'));
    this.controls = new Controls(document.getElementById('controls'), {
      select: (index) => this.chart.select(index),
      jog: (name, value) => this.send({ jog: { [name]: value } }),
    });
  }

  connect() {
    const looks = document.getElementById('stages') ? '' : '?images=no';
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    this.socket = new WebSocket(`${scheme}://${location.host}/live${looks}`);
    this.socket.binaryType = 'arraybuffer';
    this.socket.onopen = () => {
      document.body.classList.remove('lost');
      clearBanner('lost');
    };
    this.socket.onmessage = (event) => this.receive(event.data);
    this.socket.onclose = () => {
      document.body.classList.add('lost');
      setBanner('lost', LOST);
      setTimeout(() => this.connect(), RETRY_MS);
    };
  }

  send(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  async receive(data) {
    if (typeof data !== 'string') {
      try {
        await this.views?.show(data);
      } finally {
        this.send({ ack: 1 });
      }
      return;
    }
    const message = JSON.parse(data);
    if (message.type === 'robot') this.showRobot(message);
    else if (message.type === 'values') this.showValues(message);
    else if (message.type === 'result') {
      if (message.done) clearBanner('result');
      else setBanner('result', message.message);
    } else if (message.type === 'stages') {
      showSafety(message.safety);
      if (!this.views) return;
      showStages(message.stages);
      if (!message.safety.here) this.controls.setManual(false, {});
    }
  }

  showRobot(robot) {
    const title = document.getElementById('robot-title');
    const where = robot.namespace === '/' ? '' : ` · ${robot.namespace}`;
    if (title) title.textContent = (robot.title || robot.name || '') + where;
    if (robot.trouble) setBanner('robot', `The robot's description cannot be read here: ${robot.trouble}`);
    else clearBanner('robot');
    if (!this.views) return;
    this.chart.build(robot.controls || []);
    this.controls.build(robot.controls || []);
  }

  showValues(values) {
    document.body.classList.toggle('estopped', values.estopped === true);
    document.body.classList.toggle('manual', values.manual === true);
    // The diagnostics come once a second only.
    if (values.estopped) showSafety({ text: 'EMERGENCY STOP', colour: 'bad' });
    if (!this.views) return;
    this.views.faces = values.faces;
    this.people.show(values.faces, values.follow);
    this.controls.setManual(values.manual === true, values.jog || {});
    this.controls.update(values);
    this.chart.add(values);
  }
}

// NiceGUI builds the page after this file was loaded.
function start() {
  if (document.querySelector('.page') && document.getElementById('estop')) {
    setUpStop(document.getElementById('estop'));
    window.live = new Live();
  } else {
    requestAnimationFrame(start);
  }
}
start();
