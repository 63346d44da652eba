using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Devices;

/// <summary>An operator on the meta device: from its arguments to a result without data.</summary>
internal delegate Tensor MetaKernel(MetaArguments arguments);

/// <summary>
/// What libtorch lacks for the meta device. PyTorch registers many of that device's operators from Python, so that they are missing here,
/// and some that are there do not look where their arguments are. Both get a kernel that notes arguments that are not together, and gives a
/// result of the right shape. A kernel cannot throw through libtorch, so that what was noted is the end's matter.
/// </summary>
internal static class MetaOperators
{
    private static readonly AsyncLocal<ConcurrentQueue<string>?> Notes = new(); // work goes on on the threads of devices
    private static readonly List<NativeKernel> Registered = []; // libtorch keeps their addresses
    private static readonly Lazy<bool> Registration = new(RegisterAll);

    private unsafe delegate void NativeKernel(ulong* stack, ulong arguments, ulong results);

    /// <summary>Operators that libtorch has for the meta device only in Python.</summary>
    public static IReadOnlyDictionary<string, MetaKernel> Missing { get; } =
        new Dictionary<string, MetaKernel>
        {
            ["abs"] = a => Like(a.Tensor(0)),
            ["complex"] = a => empty(a.SameType(a.Tensor(0), a.Tensor(1)).shape, complex64, META),
            ["conv2d"] = a => Convolve(a.SameType(a.Tensor(0), a.Tensor(1), a.Optional(2)), a.Tensor(1).shape, a.Numbers(3), a.Numbers(4)),
            ["group_norm"] = a => Like(a.SameType(a.Tensor(0), a.Optional(2), a.Optional(3))),
            ["index_select"] = a => Select(a.SameDevice(a.Tensor(0), a.Tensor(2)), (int)a.Number(1), a.Tensor(2).numel()),
            ["layer_norm"] = a => Like(a.SameType(a.Tensor(0), a.Optional(2), a.Optional(3))),
            ["relu"] = a => Like(a.Tensor(0)),
            ["scaled_dot_product_attention"] = a =>
                Multiply(a.SameType(a.Tensor(0), a.Tensor(1), a.Tensor(2)), a.SameDevice(a.Tensor(2), a.Optional(3))),
            ["where.self"] = a => Broadcast(a.SameDevice(a.Tensor(1), a.Tensor(2), a.Tensor(0)), a.Tensor(2), a.Tensor(0)),
        };

    /// <summary>Operators whose own kernel for the meta device does not look where its arguments are.</summary>
    public static IReadOnlyDictionary<string, MetaKernel> Blind { get; } =
        new Dictionary<string, MetaKernel>
        {
            ["cat"] = a => Join(a.Tensors(0), a.SameDevice(a.Tensors(0)).shape, (int)a.Number(1)),
            ["matmul"] = a => Multiply(a.SameType(a.Tensor(0), a.Tensor(1)), a.Tensor(1)),
        };

    /// <summary>Runs work and fails with what the operators noted meanwhile, if there is anything.</summary>
    public static void RequireTogether(Action work) =>
        RequireTogetherAsync(() =>
            {
                work(); // on this thread, whose gradient mode and dispose scope it has
                return Task.CompletedTask;
            })
            .GetAwaiter()
            .GetResult();

    /// <inheritdoc cref="RequireTogether"/>
    public static async Task RequireTogetherAsync(Func<Task> work)
    {
        _ = Registration.Value;
        var noted = Notes.Value = new ConcurrentQueue<string>();
        await work();
        if (!noted.IsEmpty)
            Assert.Fail(string.Join(Environment.NewLine, noted.Distinct()));
    }

    private static unsafe bool RegisterAll()
    {
        foreach (var (name, result) in Missing.Concat(Blind))
        {
            NativeKernel kernel = (stack, _, _) => stack[0] = (ulong)Run(new MetaArguments(name, stack), result);
            Registered.Add(kernel);
            LibTorch.RegisterForMeta("aten::" + name, Marshal.GetFunctionPointerForDelegate(kernel));
        }
        return true;
    }

    private static nint Run(MetaArguments arguments, MetaKernel result)
    {
        using var scope = NewDisposeScope();
        try
        {
            return LibTorch.Share(result(arguments));
        }
#pragma warning disable CA1031 // An exception that passes through libtorch ends the process.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            arguments.Note(exception.Message);
            return LibTorch.Share(empty(0, device: META));
        }
        finally
        {
            foreach (var note in arguments.Notes)
                Notes.Value?.Enqueue($"{note}, in {Caller()}");
        }
    }

    // Where our own code called the operator.
    private static string Caller()
    {
        var method = new StackTrace()
            .GetFrames()
            .Select(static frame => frame.GetMethod())
            .FirstOrDefault(static method =>
                method?.DeclaringType is { Namespace: { } space } type
                && space.StartsWith(nameof(ImgAlign), StringComparison.Ordinal)
                && !(type.DeclaringType ?? type).Name.StartsWith("Meta", StringComparison.Ordinal)
            );
        return method is null ? "code of others" : $"{method.DeclaringType!.Name}.{method.Name}";
    }

    private static Tensor Empty(long[] shape, Tensor like) => empty(shape, like.dtype, META);

    private static Tensor Like(Tensor x) => Empty(x.shape, x);

    private static Tensor Multiply(Tensor x, Tensor y) => Empty([.. x.shape[..^1], y.shape[^1]], x);

    private static Tensor Broadcast(params IEnumerable<Tensor> tensors) => tensors.Select(Like).Aggregate(TensorMath.Plus);

    private static Tensor Select(Tensor x, int axis, long count)
    {
        var shape = x.shape;
        shape[axis < 0 ? axis + shape.Length : axis] = count;
        return Empty(shape, x);
    }

    private static Tensor Join(Tensor[] tensors, long[] shape, int axis)
    {
        axis = axis < 0 ? axis + shape.Length : axis;
        shape[axis] = tensors.Sum(tensor => tensor.shape[axis]);
        return Empty(shape, tensors[0]);
    }

    private static Tensor Convolve(Tensor x, long[] weight, long[] stride, long[] padding)
    {
        return Empty([x.shape[0], weight[0], Outputs(0), Outputs(1)], x);

        long Outputs(int axis) => (x.shape[2 + axis] + 2 * padding[axis] - weight[2 + axis]) / stride[axis] + 1;
    }
}
