using Mono.Cecil;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests;

/// <summary>
/// No code of ours gives TorchSharp a temporary <see cref="Scalar"/>: a garbage collection on another thread frees it while libtorch reads
/// it (see <see cref="TensorMath"/>).
/// </summary>
public class ScalarLifetimeTests
{
    private static readonly DefaultAssemblyResolver Resolver = NewResolver();
    private static readonly Lazy<HashSet<string>> ScalarMakers = new(FindScalarMakers);

    [Fact]
    public void Only_TensorMath_makes_scalars()
    {
        var own = typeof(ScalarLifetimeTests).Assembly.Location;
        var assemblies = Directory.GetFiles(AppContext.BaseDirectory, "ImgAlign*.dll").Where(path => path != own).ToList();

        Assert.Contains(typeof(TensorMath).Assembly.Location, assemblies);
        Assert.Empty(assemblies.SelectMany(ScalarsMadeIn));
    }

    [Theory]
    [InlineData(nameof(Adds))]
    [InlineData(nameof(Multiplies))]
    [InlineData(nameof(CountsUp))]
    [InlineData(nameof(Reads))]
    public void Scalars_are_seen_where_they_are_made(string method) =>
        Assert.Contains(
            ScalarsMadeIn(typeof(ScalarLifetimeTests).Assembly.Location),
            sentence => sentence.Contains($"{method}(", StringComparison.Ordinal)
        );

    [Fact]
    public void Garbage_collections_of_another_thread_do_no_harm()
    {
        using var a = ones(16, 16);
        using var b = ones(16, 16);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        var collector = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
                GC.Collect(0);
        });
        collector.Start();
        try
        {
            while (!stop.IsCancellationRequested)
            {
                using var scope = NewDisposeScope();
                var sum = a.Plus(b).PlusInPlace(b).Times(2).Minus(0.5).DividedBy(0.5).Squared(); // ((1 + 1 + 1) * 2 - 0.5) / 0.5 = 11
                Assert.Equal(121, sum[3, 3].item<float>());
            }
        }
        finally
        {
            stop.Cancel();
            collector.Join();
        }
    }

    private static Tensor Adds(Tensor x) => x + x;

    private static Tensor Multiplies(Tensor x) => x * 2.0;

    private static Tensor CountsUp() => arange(3);

    private static float Reads(Tensor x) => x.ToSingle();

    // A sentence for each place of an assembly where a Scalar is made, other than in TensorMath.
    private static IEnumerable<string> ScalarsMadeIn(string path)
    {
        using var assembly = AssemblyDefinition.ReadAssembly(path, new ReaderParameters { AssemblyResolver = Resolver });
        foreach (
            var method in Methods(assembly.MainModule).Where(static method => method.DeclaringType.FullName != typeof(TensorMath).FullName)
        )
        {
            foreach (
                var callee in Callees(method)
                    .Where(static callee =>
                        callee.DeclaringType.Scope.Name == "TorchSharp" && ScalarMakers.Value.Contains(callee.Resolve().FullName)
                    )
            )
                yield return $"{method.FullName} makes a Scalar by {callee.FullName}; TensorMath has what is safe.";
        }
        // What runs a layer of TorchSharp names a method of its base class only.
        var layers = assembly
            .MainModule.GetTypeReferences()
            .Where(static type => type.Namespace == "TorchSharp.Modules")
            .Select(static type => type.Resolve());
        foreach (
            var method in layers
                .SelectMany(static layer => layer.Methods)
                .Where(static method => method.IsVirtual && ScalarMakers.Value.Contains(method.FullName))
        )
            yield return $"{method.FullName} makes a Scalar, and {assembly.Name.Name} uses the layer.";
    }

    private static DefaultAssemblyResolver NewResolver()
    {
        var resolver = new DefaultAssemblyResolver();
        resolver.AddSearchDirectory(AppContext.BaseDirectory);
        return resolver;
    }

    // TorchSharp's methods that make a Scalar, themselves or by others.
    private static HashSet<string> FindScalarMakers()
    {
        using var torchSharp = ModuleDefinition.ReadModule(typeof(torch).Assembly.Location);
        var callers = Methods(torchSharp)
            .SelectMany(static caller =>
                Callees(caller)
                    .Where(callee => callee.DeclaringType.Scope == caller.Module)
                    .Select(callee => (Caller: caller, Callee: callee.Resolve()))
            )
            .ToLookup(static call => call.Callee, static call => call.Caller);
        var makers = new HashSet<MethodDefinition>();
        var open = new Stack<MethodDefinition>(
            torchSharp.GetType(typeof(Scalar).FullName).Methods.Where(static method => method.IsConstructor)
        );
        while (open.TryPop(out var maker))
        {
            if (!makers.Add(maker))
                continue;
            foreach (var caller in callers[maker])
                open.Push(caller);
        }
        return [.. makers.Select(static maker => maker.FullName)];
    }

    private static IEnumerable<MethodDefinition> Methods(ModuleDefinition module) =>
        module.GetTypes().SelectMany(static type => type.Methods).Where(static method => method.HasBody);

    private static IEnumerable<MethodReference> Callees(MethodDefinition method) =>
        method.Body.Instructions.Select(static instruction => instruction.Operand).OfType<MethodReference>();
}
