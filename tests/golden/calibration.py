#!/usr/bin/env python3
"""Numbers that models/calibration must reproduce, from NumPy, SciPy and scikit-learn in float64.

Run by hand (Debian: python3-sklearn), writes calibration_logits.npy, calibration_labels.npy and calibration.json beside itself. Everything is
written here again from the definitions or taken from the named library; nothing comes from temper.

Where peers disagree, temper follows: bins closed on the right with 0 in the first (Guo et al.; torchmetrics' extra bin for confidence 1 is a
defect); the debiased ECE of Kumar et al. with bins of one sample left out (torchmetrics divides by zero); isotonic regression interpolated as
in scikit-learn, but a row of zeros keeps its probabilities (scikit-learn: uniform; netcal: NaN); mixtures and affine maps by least NLL.
"""
import json
import pathlib

import numpy as np
import scipy
import sklearn
from scipy.optimize import minimize
from scipy.special import log_softmax, logsumexp
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score

HERE = pathlib.Path(__file__).parent
N, K, BINS = 400, 5, 15
rng = np.random.default_rng(20261125)
y = rng.integers(0, K, N)
z = rng.normal(size=(N, K)) + 2.0 * np.eye(K)[y]
z = (2.5 * z * rng.uniform(0.6, 1.4, K) + rng.normal(size=K)).astype(np.float32)
z[:20] = z[20:40]  # equal confidences, with other labels
np.save(HERE / "calibration_logits.npy", z)
np.save(HERE / "calibration_labels.npy", y)
z = z.astype(np.float64)
onehot = np.eye(K)[y]


def bin_numbers(c):
    return np.clip(np.ceil(c * BINS).astype(int) - 1, 0, BINS - 1)


def metrics(logp):
    p = np.exp(logp)
    conf, correct = p.max(1), (p.argmax(1) == y).astype(float)
    b = bin_numbers(conf)
    gaps, weights, debiased = [], [], 0.0
    for i in range(BINS):
        m = b == i
        n = m.sum()
        if n == 0:
            continue
        acc, mean = correct[m].mean(), conf[m].mean()
        gaps.append(abs(acc - mean))
        weights.append(n / N)
        if n > 1:
            debiased += n / N * ((acc - mean) ** 2 - acc * (1 - acc) / (n - 1))
    classwise = reliability = resolution = 0.0
    for k in range(K):
        bk, rate = bin_numbers(p[:, k]), onehot[:, k].mean()
        for i in range(BINS):
            m = bk == i
            if m.any():
                f, mean = onehot[m, k].mean(), p[m, k].mean()
                classwise += m.sum() / N * abs(f - mean) / K
                reliability += m.sum() / N * (f - mean) ** 2
                resolution += m.sum() / N * (f - rate) ** 2
    rates = onehot.mean(0)
    # AURC: for samples of one confidence, the expectation over their orders.
    risks, wrong, seen = [], 0.0, 0
    for c in np.unique(conf)[::-1]:
        m = conf == c
        errors = 1 - correct[m]
        risks += [(wrong + (j + 1) * errors.mean()) / (seen + j + 1) for j in range(m.sum())]
        wrong, seen = wrong + errors.sum(), seen + m.sum()
    return {
        "accuracy": correct.mean(), "nll": log_loss(y, p), "brier": ((p - onehot) ** 2).sum(1).mean(),
        "ece": float(np.dot(weights, gaps)), "mce": max(gaps), "debiased_ece": np.sqrt(max(0.0, debiased)),
        "classwise_ece": classwise, "brier_reliability": reliability, "brier_resolution": resolution,
        "brier_uncertainty": (rates * (1 - rates)).sum(), "aurc": float(np.mean(risks)), "auroc": roc_auc_score(correct, conf),
        "smooth_ece": smooth_ece(conf, correct), "ace": adaptive_ece(conf, correct),
    }


def adaptive_ece(conf, correct):
    """Equal mass: bin r ends at the first place at or after rank r N / n that does not separate equal confidences."""
    order = np.argsort(conf, kind="stable")
    c, right = conf[order], correct[order]
    ends = {0}
    for r in range(1, BINS + 1):
        end = -(-r * N // BINS)
        while end < N and c[end] - c[end - 1] <= 1e-12:
            end += 1
        ends.add(end)
    ends = sorted(ends)
    return sum((b - a) / N * abs(right[a:b].mean() - c[a:b].mean()) for a, b in zip(ends, ends[1:]))


def smooth_ece(conf, correct, mesh=1000):
    """Reflected Gaussians as sums of mirror images, on the mesh of the definition."""
    t = np.arange(mesh + 1) / mesh
    mass = np.zeros(mesh + 1)
    for c, r in zip(conf, correct):
        left = min(int(c * mesh), mesh - 1)
        share = c * mesh - left
        mass[left] += (r - c) / N * (1 - share)
        mass[left + 1] += (r - c) / N * share

    def at(s):
        images = sum(np.exp(-0.5 * ((t[:, None] - sign * t[None, :] - 2 * shift) / s) ** 2) for shift in range(-6, 7) for sign in (1, -1))
        r = np.abs(images @ mass / (s * np.sqrt(2 * np.pi)))
        return (r.sum() - (r[0] + r[-1]) / 2) / mesh

    low, high = 1e-3, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if at(middle) > middle else (low, middle)
    return float(at((low + high) / 2))


def smooth_ece_without_mesh(conf, correct):
    t = (np.arange(20000) + 0.5) / 20000

    def at(s):
        total = np.zeros_like(t)
        for c, r in zip(conf, correct):
            for shift in (-2, 0, 2):
                total += (r - c) * (np.exp(-0.5 * ((t - c - shift) / s) ** 2) + np.exp(-0.5 * ((t + c - shift) / s) ** 2))
        return np.abs(total / N / (s * np.sqrt(2 * np.pi))).mean()

    low, high = 1e-3, 0.5
    for _ in range(22):
        middle = (low + high) / 2
        low, high = (middle, high) if at(middle) > middle else (low, middle)
    return float(at((low + high) / 2))


def nll(logits):
    return -(log_softmax(logits, axis=1)[np.arange(N), y]).mean()


def best_temperature():
    slope = lambda b: (np.exp(log_softmax(b * z, axis=1)) * z).sum(1).mean() - z[np.arange(N), y].mean()
    return 1 / scipy.optimize.brentq(slope, 1e-3, 1e3, xtol=1e-15, rtol=1e-15)


def affine(x, full, odir):
    """Least NLL + ODIR penalty by a trust region with the exact Hessian (of the NLL, in the parameters W row by row, then b)."""
    size = K * K + K if full else 2 * K
    penalty = np.zeros(size)
    if full:
        penalty[: K * K] = (odir / (K * (K - 1)) * (1 - np.eye(K))).ravel()
        penalty[K * K:] = odir / K
    # logits of sample i = design[i] @ parameters
    design = np.zeros((N, K, size))
    for k in range(K):
        if full:
            design[:, k, k * K:(k + 1) * K] = x
        else:
            design[:, k, k] = x[:, k]
        design[:, k, size - K + k] = 1

    def value(w):
        return nll(design @ w) + penalty @ w**2

    def gradient(w):
        d = np.exp(log_softmax(design @ w, axis=1)) - onehot
        return np.einsum("nks,nk->s", design, d) / N + 2 * penalty * w

    def hessian(w):
        p = np.exp(log_softmax(design @ w, axis=1))
        mean = np.einsum("nks,nk->ns", design, p)
        return np.einsum("nks,nk,nkt->st", design, p, design, optimize=True) / N - mean.T @ mean / N + 2 * np.diag(penalty)

    w = np.concatenate([np.eye(K).ravel() if full else np.ones(K), np.zeros(K)])
    for _ in range(60):  # Newton; the pseudo-inverse, because a constant on all logits changes nothing
        step = np.linalg.pinv(hessian(w), rcond=1e-13) @ gradient(w)
        t = 1.0
        while value(w - t * step) > value(w) + 1e-15 and t > 1e-6:
            t /= 2
        w = w - t * step
    assert np.abs(gradient(w)).max() < 1e-11
    return value(w), design @ w


def one_vs_rest(p, value):
    q = np.stack([value(k, p[:, k]) for k in range(K)], 1)
    s = q.sum(1, keepdims=True)
    return np.where(s > 0, q / np.where(s > 0, s, 1), p)


def ensemble(t):
    hot, plain = log_softmax(z / t, axis=1), log_softmax(z, axis=1)
    q = np.stack([np.exp(hot[np.arange(N), y]), np.exp(plain[np.arange(N), y]), np.full(N, 1 / K)], 1)
    best = None
    for start in np.eye(3) * 0.8 + 0.2 / 3:
        found = minimize(lambda w: -np.log(q @ w).mean(), start, jac=lambda w: -(q / (q @ w)[:, None]).mean(0), method="SLSQP",
                         bounds=[(0, 1)] * 3, constraints={"type": "eq", "fun": lambda w: w.sum() - 1}, options={"ftol": 1e-16, "maxiter": 500})
        if best is None or found.fun < best.fun:
            best = found
    return best.fun


logp = log_softmax(z, axis=1)
p = np.exp(logp)
conf, correct = p.max(1), (p.argmax(1) == y).astype(float)
t = best_temperature()
vector, vector_logits = affine(z, False, 0)
matrix, matrix_logits = affine(z, True, 0.01)
dirichlet, dirichlet_logits = affine(logp, True, 0.01)
unpenalised = LogisticRegression(penalty="none", multi_class="multinomial", solver="newton-cg", tol=1e-10, max_iter=10000).fit(z, y)

frequency = lambda k, c: np.array([onehot[bin_numbers(p[:, k]) == i, k].mean() for i in bin_numbers(c)])
histogram = one_vs_rest(p, frequency)
isotonic = one_vs_rest(p, lambda k, c: IsotonicRegression(out_of_bounds="clip").fit(p[:, k], onehot[:, k]).predict(c))
new = np.exp(log_softmax((0.9 * z + 0.1).astype(np.float32).astype(np.float64), axis=1))  # probabilities the isotonic fit has not seen
isotonic_new = np.stack([IsotonicRegression(out_of_bounds="clip").fit(p[:, k], onehot[:, k]).predict(new[:, k]) for k in range(K)], 1)

centred = z - z.mean(1, keepdims=True)
p_norm = centred.max(1) / (np.abs(centred) ** 3).sum(1) ** (1 / 3)
energy = logsumexp(z, axis=1)
ordered = np.sort(p, axis=1)
margin = ordered[:, -1] - ordered[:, -2]
alpha = 0.1
scores = np.sort(1 - p[np.arange(N), y])

result = {
    "versions": {"numpy": np.__version__, "scipy": scipy.__version__, "scikit-learn": sklearn.__version__},
    "before": metrics(logp),
    "smooth_ece_without_mesh": smooth_ece_without_mesh(conf, correct),
    "temperature": t,
    "at_temperature": metrics(log_softmax(z / t, axis=1)),
    "ensemble_nll": ensemble(t),
    "vector_nll": vector, "vector": metrics(log_softmax(vector_logits, axis=1)), "vector_row": np.exp(log_softmax(vector_logits, axis=1))[0].tolist(),
    "matrix_objective": matrix, "matrix": metrics(log_softmax(matrix_logits, axis=1)), "matrix_row": np.exp(log_softmax(matrix_logits, axis=1))[0].tolist(),
    "dirichlet_objective": dirichlet, "dirichlet": metrics(log_softmax(dirichlet_logits, axis=1)), "dirichlet_row": np.exp(log_softmax(dirichlet_logits, axis=1))[0].tolist(),
    "matrix_unpenalised_nll": log_loss(y, unpenalised.predict_proba(z)),
    "histogram": histogram[:40].tolist(), "isotonic": isotonic[:40].tolist(), "isotonic_new": one_vs_rest(new, lambda k, c: isotonic_new[:, k])[:40].tolist(),
    "p_norm_3": p_norm[:40].tolist(), "energy": energy[:40].tolist(), "margin": margin[:40].tolist(),
    "conformal_threshold": float(scores[int(np.ceil((N + 1) * (1 - alpha))) - 1]),
}
(HERE / "calibration.json").write_text(json.dumps(result, indent=1) + "\n")
