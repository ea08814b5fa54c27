// The inference peer: onnxruntime on the nets that `pytorch.py --export DIR` wrote. One JSON line a net and batch: images a second, median.
//   npm install --ignore-scripts onnxruntime-node     (the package ships its Linux library)
//   node onnxruntime.js DIR [threads=2] [batch=128] [nets...]
const path = require('path');
const ort = require(require.resolve('onnxruntime-node', { paths: [process.cwd(), __dirname] }));
const version = ort.env.versions ? ort.env.versions.node : 'unknown';
const SHAPES = { lenet: [1, 28, 28], alexnet: [3, 24, 24], resnet20: [3, 32, 32], resnet56: [3, 32, 32] };
(async () => {
  const [dir, threads = '2', batch = '128', ...nets] = process.argv.slice(2);
  for (const net of nets.length ? nets : Object.keys(SHAPES)) {
    const session = await ort.InferenceSession.create(path.join(dir, net + '.onnx'), { executionProviders: ['cpu'], intraOpNumThreads: +threads, interOpNumThreads: 1, graphOptimizationLevel: 'all' });
    const shape = [+batch, ...SHAPES[net]];
    const x = new ort.Tensor('float32', Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => Math.random() - 0.5), shape);
    const once = async () => { const t = process.hrtime.bigint(); await session.run({ x }); return Number(process.hrtime.bigint() - t) / 1e9; };
    for (let i = 0; i < 3; ++i) await once();
    const seconds = [];
    for (let spent = 0; seconds.length < 7 || spent < 1; spent += seconds.at(-1)) seconds.push(await once());
    seconds.sort((a, b) => a - b);
    console.log(JSON.stringify({ net, batch: +batch, threads: +threads, infer_images_per_s: Math.round(+batch / seconds[seconds.length >> 1] * 10) / 10, onnxruntime: version }));
  }
})().catch(error => { console.error(String(error)); process.exit(1); });
