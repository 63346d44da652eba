using TorchSharp;

namespace ImgAlign.Testing;

/// <summary>What the conformance checks of all kinds of models have in common.</summary>
internal abstract class ConformanceChecks
{
    /// <summary>One sentence for everything that is wrong.</summary>
    public List<string> Problems { get; } = [];

    /// <summary>Runs checks of a model on the worker thread of its device.</summary>
    /// <param name="model">The model.</param>
    /// <param name="checks">The checks; the first is also the one that loads what is loaded on first use.</param>
    /// <returns>One sentence for everything that is wrong.</returns>
    public IReadOnlyList<string> Run(IModel model, params IReadOnlyList<Action> checks)
    {
        if (model.Runtime.IsWorkerThread)
            throw new InvalidOperationException("The check waits for the worker thread of the model; call it from another thread.");
        model
            .Runtime.RunAsync(() =>
            {
                Leakless("the first use", checks[0]);
                Problems.Clear();
                foreach (var check in checks)
                    Leakless(check.Method.Name, check);
            })
            .GetAwaiter()
            .GetResult();
        return Problems;
    }

    /// <summary>Runs a check; what it throws, and every tensor that it leaves over, is a problem.</summary>
    /// <param name="what">The check's name.</param>
    /// <param name="check">The check.</param>
    public void Leakless(string what, Action check)
    {
        if (CountLeft(what, check) == 0)
            return;
        // Where blocks are streamed, the files of the last network stay open, each with a tensor: that is the same a second time.
        var problems = Problems.ToList();
        var left = CountLeft(what, check);
        Problems.Clear();
        Problems.AddRange(problems);
        Require(left == 0, $"{what}: {left} tensors are left over.");
    }

    private long CountLeft(string what, Action check)
    {
        // What others have left to the collector would be counted as ours when it goes.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var before = torch.Tensor.TotalCount;
        try
        {
            check();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            Problems.Add($"{what}: {exception.GetType().Name}: {exception.Message}");
        }
        return torch.Tensor.TotalCount - before;
    }

    /// <summary>Notes a problem where a condition does not hold.</summary>
    protected void Require(bool condition, string problem)
    {
        if (!condition)
            Problems.Add(problem);
    }

    /// <summary>Notes a problem where two tensors differ by more than rounding.</summary>
    protected void RequireSame(torch.Tensor actual, torch.Tensor expected, string problem)
    {
        const double Rounding = 1e-4; // of the largest number
        using var scope = torch.NewDisposeScope();
        if (!actual.shape.SequenceEqual(expected.shape))
        {
            Problems.Add($"{problem}: the shapes are {Shape(actual)} and {Shape(expected)}.");
            return;
        }
        var largest = ((actual - expected).abs().max() / expected.abs().max()).item<float>();
        Require(largest <= Rounding, $"{problem}: they are {largest:0.0e+0} of the largest number apart.");
    }

    /// <summary>Notes a problem where a model's result is not on the model's device.</summary>
    protected void RequireDevice(torch.Tensor result, IModel model, string what)
    {
        var device = model.Runtime.Device;
        var isThere = result.device_type == device.type && result.device_index == device.index;
        Require(isThere, $"{what} are on {result.device}, but {model.Name} is on {device}.");
    }

    /// <summary>A tensor's shape as text.</summary>
    protected static string Shape(torch.Tensor tensor) => $"[{string.Join(", ", tensor.shape)}]";

    /// <summary>A picture that is a gradient from top to bottom.</summary>
    /// <param name="size">Its size.</param>
    /// <param name="offset">The level that it begins with, 0 to 145.</param>
    protected static RgbImage Gradient(ImageSize size, int offset)
    {
        var pixels = new byte[3 * size.Width * size.Height];
        for (var i = 0; i < pixels.Length; i++)
            pixels[i] = (byte)(offset + 5 * (i % 3) + 100L * i / pixels.Length);
        return new RgbImage(size.Width, size.Height, pixels);
    }
}
