using Mono.Cecil;
using Mono.Cecil.Cil;

namespace ImgAlign.Tests;

/// <summary>No code of ours catches what tells of a fault in a program, such as an object that was not there: nothing may rely on
/// it.</summary>
public class CaughtExceptionTests
{
    private static readonly HashSet<string> Faults = [typeof(NullReferenceException).FullName!, typeof(IndexOutOfRangeException).FullName!];

    [Fact]
    public void Faults_of_programs_are_caught_nowhere()
    {
        var own = typeof(CaughtExceptionTests).Assembly.Location;
        Assert.Empty(Directory.GetFiles(AppContext.BaseDirectory, "ImgAlign*.dll").Where(path => path != own).SelectMany(Catchers));
    }

    [Fact]
    public void Such_code_is_seen() =>
        Assert.Contains(
            Catchers(typeof(CaughtExceptionTests).Assembly.Location),
            static name => name.Contains(nameof(ChildProgram), StringComparison.Ordinal)
        );

    // The methods with a handler of such a type, or a filter that asks for one.
    private static IEnumerable<string> Catchers(string path)
    {
        using var module = ModuleDefinition.ReadModule(path);
        var methods = module
            .GetTypes()
            .SelectMany(static type => type.Methods)
            .Where(static method => method.HasBody && method.Body.HasExceptionHandlers);
        return
        [
            .. methods
                .Where(static method => Caught(method.Body).Any(static type => Faults.Contains(type.FullName)))
                .Select(static method => method.FullName),
        ];
    }

    private static IEnumerable<TypeReference> Caught(MethodBody body) =>
        body
            .ExceptionHandlers.Select(static handler => handler.CatchType)
            .OfType<TypeReference>()
            .Concat(
                body.Instructions.Where(static instruction => instruction.OpCode == OpCodes.Isinst)
                    .Select(static instruction => (TypeReference)instruction.Operand)
            );
}
