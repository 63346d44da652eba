using System.Linq.Expressions;
using TorchSharp;

namespace ImgAlign.Testing.Golden;

/// <summary>
/// Records the outputs of a network's modules by their paths, for cases that hold intermediate values. Works on modules that are run by
/// <c>call()</c>. The recorded tensors belong to the dispose scope in which the recorder was made.
/// </summary>
public sealed class ModuleRecorder : IDisposable
{
    private readonly List<Action> removals = [];
    private readonly DisposeScope? scope = torch.CurrentDisposeScope;

    /// <summary>Listens to the modules at the given paths.</summary>
    /// <param name="network">The network.</param>
    /// <param name="paths">Module paths; those that the network does not have are left out of <see cref="Recorded"/>.</param>
    public ModuleRecorder(torch.nn.Module network, IEnumerable<string> paths)
    {
        var wanted = paths.ToHashSet();
        foreach (var (path, module) in network.named_modules())
        {
            if (wanted.Contains(path))
                removals.Add(Listen(path, module));
        }
    }

    /// <summary>The last output of each module, by path.</summary>
    public Dictionary<string, torch.Tensor> Recorded { get; } = [];

    /// <summary>Stops listening.</summary>
    public void Dispose()
    {
        foreach (var remove in removals)
            remove();
    }

    // Networks take what they need (tensors, conditioning), so the hook's type differs by module: the last parameter is always the result.
    private Action Listen(string path, torch.nn.Module module)
    {
        var hookable = module.GetType();
        while (
            hookable is not null && !(hookable.IsGenericType && hookable.GetGenericTypeDefinition() == typeof(torch.nn.HookableModule<,>))
        )
            hookable = hookable.BaseType;
        var hookType = hookable?.GetGenericArguments()[1];
        if (hookType?.GetGenericArguments()[^1] != typeof(torch.Tensor))
            throw new NotSupportedException($"{path}: a {module.GetType().Name} does not give one tensor; it cannot be recorded.");
        var parameters = hookType.GetGenericArguments()[..^1].Select(Expression.Parameter).ToArray();
        var body = Expression.Call(Expression.Constant(this), nameof(Keep), null, Expression.Constant(path), parameters[^1]);
        var remover = hookable!
            .GetMethod("register_forward_hook", [hookType])!
            .Invoke(module, [Expression.Lambda(hookType, body, parameters).Compile()])!;
        return remover.GetType().GetMethod("remove")!.CreateDelegate<Action>(remover);
    }

    private torch.Tensor Keep(string path, torch.Tensor output)
    {
        // A copy: networks may go on to change their own results in place.
        Recorded[path] = output.clone().DetachFromDisposeScope();
        scope?.Attach(Recorded[path]);
        return output;
    }
}
